package ksqlflink.runtime;

/** A compiled expression of the plan. */
@FunctionalInterface
interface Expression {
  /** The value over one row, null for SQL null. Throws RuntimeException where ksqlDB's evaluation fails. */
  Object evaluate(Object[] row);
}
