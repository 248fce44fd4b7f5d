package ksqlflink.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.format.Registry;

/**
 * A query as Python planned it: its inputs ready to read, the rest as JSON for the operator that
 * runs it.
 */
public final class Plan {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  public final JsonNode json;
  public final JsonNode operation;
  public final String kind;
  public final Registry registry;
  public final List<Input> inputs = new ArrayList<>();

  /** Slots of all inputs' columns in one row, the inputs side by side. */
  public final Map<String, Integer> slots = new LinkedHashMap<>();

  /** What lay in the topics when the query began; null where that makes no difference. */
  public final Backlog backlog;

  private Plan(JsonNode json) {
    this.json = json;
    this.operation = json.get("operation");
    this.kind = operation.get("kind").textValue();
    this.registry = new Registry(json.path("registry").asText(""));
    registry.learn(json.path("schemas"));
    int first = 0;
    for (JsonNode spec : json.get("inputs")) {
      Input input = new Input(spec, json.path("tasks").asInt(1), registry);
      inputs.add(input);
      slots.putAll(input.slots(first));
      first += input.width();
    }
    this.backlog = Backlog.of(json, inputs);
  }

  private Plan(Plan whole, JsonNode operation) {
    this.json = whole.json;
    this.operation = operation;
    this.kind = operation.get("kind").textValue();
    this.registry = whole.registry;
    this.inputs.addAll(whole.inputs);
    this.slots.putAll(whole.slots);
    this.backlog = null;
  }

  /** The same plan with another operation, that of a later step. */
  public Plan with(JsonNode later) {
    return new Plan(this, later);
  }

  /** Throws IllegalArgumentException for a plan that this runtime does not understand. */
  public static Plan of(String text) {
    try {
      return of(MAPPER.readTree(text));
    } catch (JsonProcessingException error) {
      throw new IllegalArgumentException("the plan is no JSON", error);
    }
  }

  public static Plan of(JsonNode json) {
    return new Plan(json);
  }

  /**
   * WHERE over a row with these slots; always true without one, false where it is null or fails.
   */
  public Predicate where(Map<String, Integer> names) {
    return predicate(json.get("where"), names);
  }

  public static Predicate predicate(JsonNode condition, Map<String, Integer> names) {
    if (condition == null || condition.isNull()) {
      return row -> true;
    }
    Expression compiled = Compiler.guarded(new Compiler(names).compile(condition));
    return row -> Boolean.TRUE.equals(compiled.evaluate(row));
  }

  /** The names of all columns that select, where and operation refer to. */
  public Set<String> referredTo() {
    Set<String> names = new HashSet<>();
    collect(json.get("select"), names);
    collect(json.get("where"), names);
    collect(operation, names);
    return names;
  }

  private static void collect(JsonNode node, Set<String> names) {
    if (node == null) {
      return;
    }
    if ("column".equals(node.path("op").textValue())) {
      names.add(node.get("name").textValue());
    }
    node.forEach(child -> collect(child, names));
  }

  /** A condition over a row. */
  public interface Predicate {
    boolean test(Object[] row);
  }
}
