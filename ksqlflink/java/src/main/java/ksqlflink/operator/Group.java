package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.aggregate.Aggregator;
import ksqlflink.aggregate.Aggregators;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.plan.Arguments;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.type.Column;
import ksqlflink.type.Type;

/**
 * What the aggregations have in common: the states of all functions of a group, HAVING, and the row
 * they result in.
 */
final class Group {
  /**
   * The states of a group's functions; `time` is the latest record's, `told` whether a row is out
   * that is not deleted.
   */
  static final class State {
    long time = Long.MIN_VALUE;
    boolean told;
    Object[] values;
  }

  private final Operator.Output output;
  private final Sink sink;
  private final Plan.Predicate having;
  private final boolean filtered;
  private final Arguments arguments;
  private final List<Aggregator> aggregators = new ArrayList<>();
  private final List<Integer> argumentCounts = new ArrayList<>();
  private final RowCodec by;
  private final RowCodec states;
  private final int keys;
  private final int width;

  Group(Plan plan, Operator.Output output) {
    this.output = output;
    // A table's rows lie by their own key until the operator brings them together.
    JsonNode table = plan.operation.path("by");
    List<Type> keyTypes =
        table.isArray() ? Input.typesOf(table) : keyTypes(plan.json.get("inputs").get(0));
    this.keys = keyTypes.size();
    this.by = new RowCodec(keyTypes);
    this.arguments = new Arguments(plan);
    for (JsonNode spec : plan.operation.get("aggregates")) {
      aggregators.add(Aggregators.of(spec, plan.json.path("limits")));
      argumentCounts.add(spec.path("args").size());
    }
    this.states = new RowCodec(aggregators.stream().map(Aggregator::state).toList());
    Map<String, Integer> slots = slots();
    this.width = slots.size();
    this.sink = new Sink(plan.json, new Compiler(slots));
    this.having = Plan.predicate(plan.operation.get("having"), slots);
    this.filtered = plan.operation.hasNonNull("having");
  }

  private static List<Type> keyTypes(JsonNode input) {
    JsonNode grouping = input.path("by");
    boolean given = grouping.isArray() && !grouping.isEmpty();
    return given
        ? Input.typesOf(grouping)
        : Column.types(Column.listOf(input.get("key").get("columns")));
  }

  private Map<String, Integer> slots() {
    Map<String, Integer> slots = new LinkedHashMap<>();
    for (int i = 0; i < keys; i++) {
      slots.put("$by" + i, slots.size());
    }
    for (int i = 0; i < aggregators.size(); i++) {
      slots.put("$agg" + i, slots.size());
    }
    for (String name : List.of("$windowstart", "$windowend", "$rowtime")) {
      slots.put(name, slots.size());
    }
    return slots;
  }

  // -- states
  // ----------------------------------------------------------------------------------------------------

  State empty() {
    State state = new State();
    state.values = new Object[aggregators.size()];
    return state;
  }

  void add(State state, long ms, byte[] payload) {
    change(state, ms, payload, Aggregator::add);
  }

  /** Takes a record that was added out again. */
  void undo(State state, long ms, byte[] payload) {
    change(state, ms, payload, Aggregator::undo);
  }

  private interface Change {
    Object of(Aggregator aggregator, Object state, Object[] arguments);
  }

  private void change(State state, long ms, byte[] payload, Change change) {
    Object[] given = arguments.decode(payload);
    int next = 0;
    for (int i = 0; i < aggregators.size(); i++) {
      int count = argumentCounts.get(i);
      Object[] own = java.util.Arrays.copyOfRange(given, next, next + count);
      state.values[i] = change.of(aggregators.get(i), state.values[i], own);
      next += count;
    }
    state.time = Math.max(state.time, ms);
  }

  void merge(State into, State later) {
    for (int i = 0; i < aggregators.size(); i++) {
      into.values[i] = aggregators.get(i).merge(into.values[i], later.values[i]);
    }
    into.time = Math.max(into.time, later.time);
  }

  byte[] encode(State state) {
    Out out = new Out().writeLong(state.time).write(state.told ? 1 : 0);
    return out.write(states.encode(state.values)).toBytes();
  }

  State decode(byte[] bytes) {
    if (bytes == null) {
      return empty();
    }
    In in = new In(bytes);
    State state = new State();
    state.time = in.readLong();
    state.told = in.read() == 1;
    state.values = states.decode(java.util.Arrays.copyOfRange(bytes, in.position(), bytes.length));
    return state;
  }

  // -- results
  // ---------------------------------------------------------------------------------------------------

  /** Emits what the group is now; a group that HAVING no longer holds for is deleted once. */
  void emit(byte[] key, State state, long start, long end, long ms) {
    Object[] row = row(key, state, start, end, ms);
    boolean passes = !filtered || having.test(row);
    if (passes) {
      output.emit(sink, sink.key(row, start, end), row, ms);
    } else if (state.told) {
      output.emit(sink, sink.key(row, start, end), null, ms);
    }
    state.told = passes;
  }

  /** Deletes the row of a group, if one is out. */
  void delete(byte[] key, State state, long start, long end, long ms) {
    if (state.told) {
      output.emit(sink, sink.key(row(key, state, start, end, ms), start, end), null, ms);
    }
  }

  private Object[] row(byte[] key, State state, long start, long end, long ms) {
    Object[] row = new Object[width];
    System.arraycopy(by.decode(key), 0, row, 0, keys);
    for (int i = 0; i < aggregators.size(); i++) {
      row[keys + i] = aggregators.get(i).result(state.values[i]);
    }
    row[width - 3] = start;
    row[width - 2] = end;
    row[width - 1] = ms;
    return row;
  }
}
