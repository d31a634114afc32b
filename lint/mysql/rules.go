package mysql

// rules is the explicit list, in the order of the documentation. A few are only of one of the two servers.
func rules(maria bool) []rule {
	list := []rule{
		// writes wait
		addColumnBlocking, changeType, convertCharset, primaryKey, addForeignKey, addCheck, fulltextIndex, rebuildTable, changeEngine, orderBy,
		partitionTable, partitionMaintenance, notInnoDB, explicitLock,
		// online, but heavy
		onlineRebuild, indexBuild,
		// fails
		invalidDefinition, notOnThisVersion, algorithmRefused, nameTooLong, objectState, rowsRefused, invalidRows,
		// clients
		addColumnNotNull, columnNeedsValue, rename, revoke, writesRefused,
		// data
		dropColumn, dropObject, dropPartition, truncate,
		// rows
		wholeTableUpdate, wholeTableDelete, deleteRows, insertSelect, lockingRead, longTransaction,
		// locks
		lockTables, lockTimeout,
		// policy
		contractWithExpand, redundantIndex, smallKey, dropIndex,
	}
	if maria {
		return append(list, systemVersioning)
	}
	return append(list, functionalIndex, encryption)
}
