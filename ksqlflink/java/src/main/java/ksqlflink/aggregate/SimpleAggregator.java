package ksqlflink.aggregate;

import java.util.function.BinaryOperator;
import java.util.function.Function;
import ksqlflink.type.Type;

/** A function put together from its parts. */
record SimpleAggregator(
    Type state,
    Step step,
    Step undoing,
    BinaryOperator<Object> merger,
    Function<Object, Object> finisher)
    implements Aggregator {
  SimpleAggregator(
      Type state, Step step, BinaryOperator<Object> merger, Function<Object, Object> finisher) {
    this(state, step, null, merger, finisher);
  }

  @Override
  public Object undo(Object state, Object[] arguments) {
    return undoing == null
        ? Aggregator.super.undo(state, arguments)
        : undoing.add(state, arguments);
  }

  @Override
  public Object add(Object state, Object[] arguments) {
    return step.add(state, arguments);
  }

  @Override
  public Object merge(Object earlier, Object later) {
    if (earlier == null || later == null) {
      return earlier == null ? later : earlier;
    }
    return merger.apply(earlier, later);
  }

  @Override
  public Object result(Object state) {
    return finisher.apply(state);
  }

  /** The state after one more record. */
  interface Step {
    Object add(Object state, Object[] arguments);
  }
}
