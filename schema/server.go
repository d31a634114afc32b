package schema

// Server is what was learned of the server in one read. Capabilities decide;
// Product and Version are for messages, plans and bounds.
type Server struct {
	Product  string   `json:"product"`  // as the server calls itself
	Version  string   `json:"version"`  // as the server prints it
	Number   int      `json:"number"`   // major*10000 + minor*100 + patch
	Identity string   `json:"identity"` // changes when this is another server or another timeline
	Database string   `json:"database"`
	User     string   `json:"user"`
	Managed  string   `json:"managed,omitempty"` // "rds", "cloudsql", "azure" … when it can be told
	Modes    string   `json:"modes,omitempty"`   // session modes that change what SQL means
	Can      Features `json:"can"`
}

// Features are capabilities read from the server, never guessed from its name
// where it can be asked.
type Features struct {
	InvisibleColumns      bool `json:"invisible_columns,omitempty"`
	InstantAddColumn      bool `json:"instant_add_column,omitempty"`
	InstantAddAnywhere    bool `json:"instant_add_anywhere,omitempty"` // not only at the end of the table
	InstantDropColumn     bool `json:"instant_drop_column,omitempty"`
	InstantRenameColumn   bool `json:"instant_rename_column,omitempty"`
	InstantColumnCheck    bool `json:"instant_column_check,omitempty"` // a CHECK can come with a new column without a copy
	AddBeforeVirtual      bool `json:"add_before_virtual,omitempty"`   // a column can be added in front of a virtual one without a copy
	InvisibleNotNull      bool `json:"invisible_not_null,omitempty"`   // an invisible NOT NULL column needs no default
	RenameColumn          bool `json:"rename_column,omitempty"`
	SkipLocked            bool `json:"skip_locked,omitempty"`
	NotValidNotNull       bool `json:"not_valid_not_null,omitempty"`
	ProvesNotNull         bool `json:"proves_not_null,omitempty"` // a validated CHECK spares SET NOT NULL its scan
	CheckConstraints      bool `json:"check_constraints,omitempty"`
	FillsNotNullInSelect  bool `json:"fills_not_null_in_select,omitempty"` // BEFORE triggers fill NOT NULL columns for INSERT … SELECT too
	TransactionalDDL      bool `json:"transactional_ddl,omitempty"`
	LogsCascades          bool `json:"logs_cascades,omitempty"`    // the log holds the rows that a foreign key changes by itself
	SwapsUnderLock        bool `json:"swaps_under_lock,omitempty"` // tables can be renamed by the session that has locked them
	TriggersNeedPrivilege bool `json:"triggers_need_privilege,omitempty"`
}
