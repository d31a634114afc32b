package traffic

import (
	"fmt"
	"strconv"
	"strings"
)

// loader fills a column of the rows that exist at first: the same rule as SQL
// over id and as Go, so that the model knows every row without having been told.
type loader struct {
	sql func(postgres bool) string
	of  func(id int64) Value
}

func constant(s string) loader {
	return loader{func(bool) string { return "'" + s + "'" }, func(int64) Value { return Text(s) }}
}

func constantID(prefix string) loader {
	return loader{
		func(bool) string { return "concat('" + prefix + "', id)" },
		func(id int64) Value { return Text(prefix + strconv.FormatInt(id, 10)) },
	}
}

func modulo(n int) loader {
	return loader{
		func(bool) string { return fmt.Sprintf("(id %% %d) + 1", n) },
		func(id int64) Value { return Text(strconv.FormatInt(id%int64(n)+1, 10)) },
	}
}

var (
	firstNames = []string{"Ada", "Grace", "Zoë", "José", "bob", "Mary Ann", "Åsa"}
	lastNames  = []string{"Lovelace", "Hopper", "O'Neil", "Garcia", "Nuñez", "van der Berg", "Smith", "Li", "Öz", "Müller", "Bob"}
)

// names: one row in 17 is NULL, one in 19 has no space, one in 23 ends in a space.
var names = loader{
	func(postgres bool) string {
		first, last := pick(postgres, firstNames), pick(postgres, lastNames)
		return fmt.Sprintf("CASE WHEN id %% 17 = 0 THEN NULL WHEN id %% 19 = 0 THEN %s WHEN id %% 23 = 0 THEN concat(%s, ' ') ELSE concat(%s, ' ', %s) END", first, first, first, last)
	},
	func(id int64) Value {
		first, last := firstNames[id%int64(len(firstNames))], lastNames[id%int64(len(lastNames))]
		switch {
		case id%17 == 0:
			return Null
		case id%19 == 0:
			return Text(first)
		case id%23 == 0:
			return Text(first + " ")
		}
		return Text(first + " " + last)
	},
}

func pick(postgres bool, list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	if postgres {
		return fmt.Sprintf("(ARRAY[%s])[1 + id %% %d]", strings.Join(quoted, ","), len(list))
	}
	return fmt.Sprintf("ELT(1 + id %% %d, %s)", len(list), strings.Join(quoted, ","))
}
