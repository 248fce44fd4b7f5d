package ksqlflink.aggregate;

import ksqlflink.type.Type;

/**
 * An aggregate function over one group: a state that starts as null, grows with each record, and
 * has a result.
 */
public interface Aggregator {
  /** The type in which the state is stored. */
  Type state();

  /** The state after one more record. */
  Object add(Object state, Object[] arguments);

  /**
   * The state without a record that was added to it: for tables, whose rows change. Throws
   * IllegalStateException if it has none.
   */
  default Object undo(Object state, Object[] arguments) {
    throw new IllegalStateException("not an aggregate function of tables");
  }

  /** The state of two sessions that became one, the earlier one first. */
  Object merge(Object earlier, Object later);

  /** The result, also of the state null. */
  Object result(Object state);
}
