package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var extension = rule{lint.Rule{
	ID: "extension-not-there", Severity: lint.Error, Kind: lint.Fails,
	Summary: "an extension that doesn't come with the server",
	Why: "CREATE EXTENSION fails where the extension isn't installed on the machine (0A000), IF NOT EXISTS or not. Those of the server's own contrib packages are taken to be there, as far as the version has them: adminpack and old_snapshot went with 17, and pg_logicalinspect came with 18. " +
		"A well known one of another maker is a warning; any other name an error, which is ignored with a reason where it is installed everywhere.",
	Bad:  []lint.Example{{SQL: "CREATE EXTENSION IF NOT EXISTS pgcryto;"}, {Version: "18", SQL: "CREATE EXTENSION adminpack;"}, {SQL: "CREATE EXTENSION postgis;"}},
	Good: []lint.Example{{SQL: "CREATE EXTENSION IF NOT EXISTS pgcrypto;"}, {Version: "15", SQL: "CREATE EXTENSION adminpack;"}, {SQL: "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";"}},
}, func(c *call) {
	n := c.node.GetCreateExtensionStmt()
	if n == nil || n.Extname == placeholder || c.hasExtension(n.Extname) {
		return
	}
	safe := "Install it on every server first, and see it in pg_available_extensions."
	switch {
	case contrib(n.Extname, c.version):
	case slices.Contains(strings.Fields(wellKnown), n.Extname):
		c.report(said{severity: lint.Warning, message: fmt.Sprintf("this fails where %s isn't installed: it isn't part of the server", quote(n.Extname)), safe: safe})
	default:
		c.report(said{message: fmt.Sprintf("this fails: no extension %s comes with PostgreSQL %d", quote(n.Extname), c.version/10000), safe: safe})
	}
}}

func (j *judge) hasExtension(name string) bool {
	return slices.ContainsFunc(j.catalog.Objects.All("extension"), func(o *lint.Object) bool { return o.ID.Name == name })
}

// contrib reports whether an extension is one of the server's additional modules and procedural languages (the manual's Appendix F, and chapters
// of the languages).
func contrib(name string, v lint.Version) bool {
	switch name {
	case "adminpack", "old_snapshot":
		return v < 170000
	case "pg_logicalinspect":
		return v >= 180000
	case "pg_walinspect":
		return v >= 150000
	case "pg_surgery":
		return v >= 140000
	case "chkpass", "timetravel":
		return v < 120000
	}
	return slices.Contains(strings.Fields(supplied), name)
}

const supplied = `amcheck autoinc bloom bool_plperl bool_plperlu btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch
	hstore hstore_plperl hstore_plperlu hstore_plpython3u insert_username intagg intarray isn jsonb_plperl jsonb_plperlu jsonb_plpython3u lo ltree ltree_plpython3u moddatetime
	pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements pg_trgm pg_visibility pgcrypto pgrowlocks pgstattuple plperl plperlu plpgsql plpython3u pltcl pltclu
	postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2`

const wellKnown = `postgis postgis_raster postgis_topology postgis_tiger_geocoder postgis_sfcgal address_standardizer pgrouting timescaledb timescaledb_toolkit vector vectorscale pg_partman pg_cron pgaudit
	hypopg pg_repack pg_squeeze plv8 pglogical pgtap pg_hint_plan pg_stat_kcache pg_qualstats pg_wait_sampling set_user orafce oracle_fdw mysql_fdw tds_fdw mongo_fdw hll topn citus rum pgmq pg_net http pgjwt
	pgsodium wal2json ip4r semver pg_uuidv7 pg_ivm age pg_bigm zhparser pgroonga prefix periods temporal_tables pg_jsonschema pg_graphql supabase_vault aws_s3 aws_commons rds_tools google_ml_integration
	azure_storage pg_similarity tsm_system_rows unit first_last_agg plpgsql_check pldebugger pg_show_plans credcheck pg_ulid pg_tle system_stats h3 h3_postgis`
