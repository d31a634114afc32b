package plans_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/plans"
)

// node is the part of JSON Schema that change.schema.json uses for objects.
type node struct {
	Properties map[string]node `json:"properties"`
	Required   []string        `json:"required"`
	Defs       map[string]node `json:"$defs"`
	Items      *node           `json:"items"`
	OneOf      []node          `json:"oneOf"`
	Enum       []string        `json:"enum"`
	Ref        string          `json:"$ref"`
	Values     any             `json:"additionalProperties"`
}

func changeSchema(t *testing.T) node {
	t.Helper()
	var root node
	if err := json.Unmarshal(plans.ChangeSchema(), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

func keys(n node) []string { return slices.Sorted(maps.Keys(n.Properties)) }

func fields(v any) []string {
	var out []string
	typ := reflect.TypeOf(v)
	for i := range typ.NumField() {
		if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// TestSchemaHoldsTheFields: a field that the parser takes and the schema doesn't know,
// or the other way round, is a bug of the schema.
func TestSchemaHoldsTheFields(t *testing.T) {
	root := changeSchema(t)
	op := root.Defs["operation"]
	for name, c := range map[string]struct {
		got node
		of  any
	}{
		"change":        {root, plans.Change{}},
		"operation":     {op, plans.Operation{}},
		"gates":         {root.Properties["gates"], plans.GateSet{}},
		"rename_column": {op.Properties["rename_column"], plans.RenameColumn{}},
		"split_column":  {op.Properties["split_column"], plans.SplitColumn{}},
		"merge_columns": {op.Properties["merge_columns"], plans.MergeColumns{}},
		"move_columns":  {op.Properties["move_columns"], plans.MoveColumns{}},
		"change_type":   {op.Properties["change_type"], plans.ChangeType{}},
		"set_not_null":  {op.Properties["set_not_null"], plans.SetNotNull{}},

		"partition_table": {op.Properties["partition_table"], plans.PartitionTable{}},
		"partitions":      {*op.Properties["partition_table"].Properties["partitions"].Items, plans.Partition{}},
		"rewrite_table":   {op.Properties["rewrite_table"], plans.RewriteTable{}},

		"create_index":        {op.Properties["create_index"], plans.CreateIndex{}},
		"drop_index":          {op.Properties["drop_index"], plans.DropIndex{}},
		"add_check":           {op.Properties["add_check"], plans.AddCheck{}},
		"add_foreign_key":     {op.Properties["add_foreign_key"], plans.AddForeignKey{}},
		"references":          {op.Properties["add_foreign_key"].Properties["references"], plans.Reference{}},
		"add_unique":          {op.Properties["add_unique"], plans.AddUnique{}},
		"add_primary_key":     {op.Properties["add_primary_key"], plans.AddPrimaryKey{}},
		"drop_constraint":     {op.Properties["drop_constraint"], plans.DropConstraint{}},
		"rename_constraint":   {op.Properties["rename_constraint"], plans.RenameConstraint{}},
		"add_column":          {op.Properties["add_column"], plans.AddColumn{}},
		"drop_column":         {op.Properties["drop_column"], plans.DropColumn{}},
		"set_default":         {op.Properties["set_default"], plans.SetDefault{}},
		"drop_default":        {op.Properties["drop_default"], plans.DropDefault{}},
		"set_comment":         {op.Properties["set_comment"], plans.SetComment{}},
		"validate_constraint": {op.Properties["validate_constraint"], plans.ValidateConstraint{}},

		"replace_index":        {op.Properties["replace_index"], plans.CreateIndex{}},
		"set_replica_identity": {op.Properties["set_replica_identity"], plans.SetReplicaIdentity{}},
		"create_trigger":       {op.Properties["create_trigger"], plans.CreateTrigger{}},
		"drop_trigger":         {op.Properties["drop_trigger"], plans.DropTrigger{}},
		"set_trigger":          {op.Properties["set_trigger"], plans.SetTrigger{}},
		"add_enum_value":       {op.Properties["add_enum_value"], plans.AddEnumValue{}},
		"rename_enum_value":    {op.Properties["rename_enum_value"], plans.RenameEnumValue{}},
	} {
		if got, want := keys(c.got), fields(c.of); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the parser %v", name, got, want)
		}
		if c.got.Values != false {
			t.Errorf("%s: the schema lets unknown fields through", name)
		}
	}
}

// TestSchemaHoldsTheGates: every kind of gate, with settings that it takes.
func TestSchemaHoldsTheGates(t *testing.T) {
	list := changeSchema(t).Defs["gates"].Items.OneOf
	bare, object := list[0], list[1]
	if got := keys(object); !slices.Equal(got, gate.Kinds()) {
		t.Errorf("the schema has %v, the kinds are %v", got, gate.Kinds())
	}
	for _, kind := range gate.Kinds() {
		needsSettings := gate.Validate(plans.GateRef{Kind: kind}) != nil
		if slices.Contains(bare.Enum, kind) == needsSettings {
			t.Errorf("gate %s: its bare name is right or wrong in only one of schema and parser", kind)
		}
		for setting := range object.Properties[kind].Properties {
			err := gate.Validate(plans.GateRef{Kind: kind, Params: map[string]any{setting: "1h"}})
			if err != nil && strings.Contains(err.Error(), "has no setting") {
				t.Errorf("gate %s: the schema has the setting %s: %v", kind, setting, err)
			}
		}
	}
}
