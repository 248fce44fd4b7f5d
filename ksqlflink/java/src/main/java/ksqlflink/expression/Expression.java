package ksqlflink.expression;

/** A compiled expression of the plan. */
@FunctionalInterface
public interface Expression {
  /**
   * The value over one row, null for SQL null. Throws RuntimeException where ksqlDB's evaluation
   * fails.
   */
  Object evaluate(Object[] row);
}
