package mysql

// triggers of the table follow it when it is renamed.
func (x *alterResolver) triggers() error {
	if len(x.t.Triggers) == 0 {
		return nil
	}
	return x.refuse("drop the trigger first and create it again after contract", "trigger %s stands on the table: it would go with the old table, and fire again when that one is kept in step", x.t.Triggers[0].Name)
}
