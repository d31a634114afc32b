package postgres_test

import (
	"os"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
