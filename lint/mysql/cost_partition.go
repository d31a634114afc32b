package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

func (j *judge) partition(c clause, k *lint.Relation) cost {
	const rule = "partition-maintenance"
	switch c.kind {
	case "add partition":
		if k != nil && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(k.Bound)), "SYSTEM_TIME") {
			return cost{}
		}
		if c.value == "" || c.value == "count" {
			return cost{rule, inPlace, true, "rows are spread anew over the partitions", ""}
		}
		if k != nil && j.maria && takesRest(k.Bound) {
			return cost{rule, inPlace, true, "rows of the DEFAULT partition are moved into the new one", ""}
		}
	case "coalesce partition":
		return cost{rule, inPlace, true, "rows are spread anew over the partitions", ""}
	case "reorganize partition":
		return cost{rule, inPlace, true, "the partitions' rows are copied", ""}
	case "rebuild partition":
		return cost{rule, inPlace, true, "the partition is written anew", ""}
	case "optimize partition":
		return j.rebuilt(k, "OPTIMIZE PARTITION")
	case "partition by":
		return cost{"partition-table", copying, true, "the table is copied into partitions", ""}
	case "remove partitioning":
		return cost{"partition-table", copying, true, "the table is copied out of its partitions", ""}
	case "exchange partition":
		if c.to != "without" {
			return cost{rule, inPlace, true, "every row of the table is read to see that it fits the partition", ""}
		}
	case "convert partition":
		return cost{rule, inPlace, true, "every row is read to see that it fits", ""}
	case "import tablespace":
		return cost{rule, copying, true, "the imported file is read and rewritten", ""}
	}
	return cost{}
}
