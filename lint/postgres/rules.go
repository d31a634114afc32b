package postgres

// rules is the explicit list, in the order of the documentation.
func rules() []rule {
	return []rule{
		// tables and columns
		addColumnRewrite, addColumnNotNull, addColumnConstraint, changeType, setNotNull, columnNeedsValue, dropColumn, rewriteTable,
		// constraints
		addCheck, addForeignKey, addUnique, nullsEqual, addExclusion, validateWithOthers, dropPrimaryKey, domainConstraint,
		// indexes
		createIndex, dropIndex, reindex, uniqueConcurrently, redundantIndex, foreignKeyIndex,
		// names and objects
		rename, sequenceBack, comesBackChanged, refusesWrites, dropObject, truncate, replaceView, nameTooLong, objectState, dependedOn, badExpression, notPossible, foreignKeyTarget, rowRefused, notOnThisVersion, extension,
		// partitions and materialized views
		attachPartition, createPartition, partitionBound, detachPartition, refreshView,
		// rows
		wholeTableUpdate, wholeTableDelete, deletesData,
		// transactions and locks
		heldLock, outsideTransaction, enumValue, lockTable, lockTimeout, transactionLeft,
		// rights and policies
		rowSecurity, revoke,
		// policy
		contractWithExpand, smallKey, dropNotNull, disableTrigger, jsonColumn,
	}
}
