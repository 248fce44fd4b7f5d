package ksqlflink.aggregate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import ksqlflink.type.Type;

/**
 * The aggregate functions by name. A further one is a line here, and its types go into
 * functions.yaml.
 */
public final class Aggregators {
  /**
   * One call: its result's type, its first argument's (which may be null), and how many values it
   * collects.
   */
  private record Call(Type result, Type first, JsonNode arguments, int limit) {}

  private static final Map<String, Function<Call, Aggregator>> BY_NAME =
      Map.ofEntries(
          Map.entry("COUNT", call -> NumberAggregators.count()),
          Map.entry("SUM", call -> NumberAggregators.sum(call.result)),
          Map.entry("AVG", call -> NumberAggregators.average()),
          Map.entry("MIN", call -> CollectionAggregators.extreme(call.result, -1)),
          Map.entry("MAX", call -> CollectionAggregators.extreme(call.result, 1)),
          Map.entry("COUNT_DISTINCT", call -> CollectionAggregators.countDistinct(call.first)),
          Map.entry(
              "COLLECT_LIST",
              call -> CollectionAggregators.collect(call.result, false, call.limit)),
          Map.entry(
              "COLLECT_SET", call -> CollectionAggregators.collect(call.result, true, call.limit)),
          Map.entry(
              "LATEST_BY_OFFSET",
              call ->
                  CollectionAggregators.byOffset(call.result, call.first, call.arguments, true)),
          Map.entry(
              "EARLIEST_BY_OFFSET",
              call ->
                  CollectionAggregators.byOffset(call.result, call.first, call.arguments, false)),
          Map.entry("TOPK", call -> CollectionAggregators.top(call.result, call.arguments, false)),
          Map.entry(
              "TOPKDISTINCT", call -> CollectionAggregators.top(call.result, call.arguments, true)),
          Map.entry("HISTOGRAM", call -> CollectionAggregators.histogram()),
          Map.entry("ATTR", call -> CollectionAggregators.attribute(call.first)),
          Map.entry("STDDEV_SAMPLE", call -> Moments.deviation()),
          Map.entry("STDDEV_SAMP", call -> Moments.variance()),
          Map.entry("CORRELATION", call -> Moments.correlation()));

  private Aggregators() {}

  /**
   * The function of {"function", "args", "type"}; `limits` says by name how many values it collects
   * at most. Throws IllegalArgumentException for an unknown name.
   */
  public static Aggregator of(JsonNode spec, JsonNode limits) {
    String name = spec.get("function").textValue();
    Function<Call, Aggregator> factory = BY_NAME.get(name);
    if (factory == null) {
      throw new IllegalArgumentException("unknown aggregate function: " + name);
    }
    JsonNode arguments = spec.path("args");
    Type first = arguments.isEmpty() ? null : Type.of(arguments.get(0).get("type"));
    int limit = limits.path(name).asInt(Integer.MAX_VALUE);
    return factory.apply(new Call(Type.of(spec.get("type")), first, arguments, limit));
  }

  /** All names. */
  public static Set<String> names() {
    return BY_NAME.keySet();
  }
}
