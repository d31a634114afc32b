package mysql_test

import (
	"testing"

	"github.com/phasemig/phasemig/dialect/dialecttest"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func TestConformance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !k.IsPostgres() {
			t.Parallel()
			dialecttest.Exercise(t, k, mysql.Open)
		}
	})
}
