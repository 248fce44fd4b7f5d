package ksqlflink.expression;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import ksqlflink.type.Type;

/**
 * Turns EXPR of the plan into an Expression; names and types are resolved here, once.
 *
 * <p>ksqlDB evaluates Java code in which null operands of arithmetic and of AND, OR and NOT throw. So do these expressions. As in
 * ksqlDB, a failure ends at a cast, at an item of a constructed array, map or struct, and at a call or field that is an argument of
 * a function: those give null.
 */
public final class Compiler {
  private final Map<String, Integer> slots;

  /** The variables of the lambdas around the node that is being compiled. */
  private final Map<String, Object[]> variables = new HashMap<>();

  /** Columns are read from the row at the slot of their name. */
  public Compiler(Map<String, Integer> slots) {
    this.slots = slots;
  }

  /** The same expression, with null where its evaluation fails: how ksqlDB evaluates a selected column. */
  public static Expression guarded(Expression expression) {
    return row -> {
      try {
        return expression.evaluate(row);
      } catch (RuntimeException failure) {
        return null;
      }
    };
  }

  /** Compiles one node. Throws IllegalArgumentException for an unknown op, column, function, cast or comparison. */
  public Expression compile(JsonNode node) {
    String op = node.get("op").textValue();
    return switch (op) {
      case "column" -> column(node);
      case "literal" -> literal(node);
      case "+", "-", "*", "/", "%" -> Arithmetic.binary(op, type(node), arg(node, 0), arg(node, 1));
      case "negate" -> Arithmetic.negate(type(node), arg(node, 0));
      case "concat" -> concat(arg(node, 0), arg(node, 1));
      case "AND" -> and(arg(node, 0), arg(node, 1));
      case "OR" -> or(arg(node, 0), arg(node, 1));
      case "NOT" -> not(arg(node, 0));
      case "IS NULL" -> isNull(arg(node, 0));
      case "IS NOT NULL" -> not(isNull(arg(node, 0)));
      default -> predicate(op, node);
    };
  }

  private Expression predicate(String op, JsonNode node) {
    return switch (op) {
      case "=", "<>", "<", "<=", ">", ">=" -> comparison(op, node);
      case "IS DISTINCT FROM" -> distinct(node);
      case "IS NOT DISTINCT FROM" -> not(distinct(node));
      case "BETWEEN" -> between(node);
      case "IN" -> in(node);
      case "LIKE" -> like(node);
      default -> structural(op, node);
    };
  }

  private Expression structural(String op, JsonNode node) {
    return switch (op) {
      case "subscript" -> subscript(node);
      case "dereference" -> dereference(arg(node, 0), node.get("index").intValue());
      case "case" -> searchedCase(node);
      case "cast" -> cast(node.get("args").get(0), type(node));
      case "call" -> call(node);
      case "variable" -> variable(node);
      case "array" -> array(node);
      case "map" -> map(node);
      case "struct" -> struct(node);
      default -> throw new IllegalArgumentException("unknown op: " + op);
    };
  }

  private static Type type(JsonNode node) {
    return Type.of(node.get("type"));
  }

  private static Type argType(JsonNode node, int index) {
    return type(node.get("args").get(index));
  }

  private Expression arg(JsonNode node, int index) {
    return compile(node.get("args").get(index));
  }

  private Expression column(JsonNode node) {
    Integer slot = slots.get(node.get("name").textValue());
    if (slot == null) {
      throw new IllegalArgumentException("unknown column: " + node.get("name").textValue());
    }
    int index = slot;
    return row -> row[index];
  }

  private static Expression literal(JsonNode node) {
    Object value = constant(node.get("value"), type(node));
    return row -> value;
  }

  private static Object constant(JsonNode value, Type type) {
    if (value == null || value.isNull() || type == null) {
      return null;
    }
    return switch (type.kind) {
      case BOOLEAN -> value.asBoolean();
      case STRING -> value.asText();
      case BYTES -> bytes(value);
      case INTEGER, DATE, TIME -> value.isTextual() ? Casts.of(Type.STRING, type).apply(value.textValue()) : value.intValue();
      case BIGINT, TIMESTAMP, DOUBLE -> number(value, type);
      default -> Casts.of(Type.STRING, type).apply(value.asText());
    };
  }

  private static Object number(JsonNode value, Type type) {
    if (value.isNumber()) {
      return type.kind == Type.Kind.DOUBLE ? (Object) value.doubleValue() : (Object) value.longValue();
    }
    boolean digits = type.kind == Type.Kind.TIMESTAMP && value.textValue().matches("-?\\d{5,}");
    return digits ? (Object) Long.valueOf(value.textValue()) : Casts.of(Type.STRING, type).apply(value.textValue());
  }

  private static byte[] bytes(JsonNode value) {
    try {
      return value.binaryValue();
    } catch (IOException failure) {
      throw new IllegalArgumentException("not base64: " + value, failure);
    }
  }

  private static Expression concat(Expression left, Expression right) {
    return row -> String.valueOf(left.evaluate(row)) + right.evaluate(row);
  }

  private static Expression and(Expression left, Expression right) {
    return row -> (Boolean) left.evaluate(row) && (Boolean) right.evaluate(row);
  }

  private static Expression or(Expression left, Expression right) {
    return row -> (Boolean) left.evaluate(row) || (Boolean) right.evaluate(row);
  }

  private static Expression not(Expression value) {
    return row -> !(Boolean) value.evaluate(row);
  }

  private static Expression isNull(Expression value) {
    return row -> value.evaluate(row) == null;
  }

  private static BiPredicate<Object, Object> test(String op, Type left, Type right) {
    if (left == null || right == null) {
      return (a, b) -> false;
    }
    BiPredicate<Object, Object> test = Comparisons.of(op, left, right);
    return (a, b) -> a != null && b != null && test.test(a, b);
  }

  private Expression comparison(String op, JsonNode node) {
    Expression left = arg(node, 0);
    Expression right = arg(node, 1);
    BiPredicate<Object, Object> test = test(op, argType(node, 0), argType(node, 1));
    return row -> test.test(left.evaluate(row), right.evaluate(row));
  }

  private Expression distinct(JsonNode node) {
    Expression left = arg(node, 0);
    Expression right = arg(node, 1);
    BiPredicate<Object, Object> differ = test("<>", argType(node, 0), argType(node, 1));
    return row -> {
      Object a = left.evaluate(row);
      Object b = right.evaluate(row);
      return a == null || b == null ? (a == null) != (b == null) : differ.test(a, b);
    };
  }

  private Expression between(JsonNode node) {
    Expression value = arg(node, 0);
    Expression low = arg(node, 1);
    Expression high = arg(node, 2);
    BiPredicate<Object, Object> above = test(">=", argType(node, 0), argType(node, 1));
    BiPredicate<Object, Object> below = test("<=", argType(node, 0), argType(node, 2));
    return row -> {
      Object v = value.evaluate(row);
      return above.test(v, low.evaluate(row)) && below.test(v, high.evaluate(row));
    };
  }

  private Expression in(JsonNode node) {
    Expression[] args = args(node);
    List<BiPredicate<Object, Object>> tests = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      tests.add(test("=", argType(node, 0), argType(node, i)));
    }
    return row -> contained(evaluate(args, row), tests);
  }

  private static boolean contained(Object[] values, List<BiPredicate<Object, Object>> tests) {
    for (int i = 1; i < values.length; i++) {
      if (matches(tests.get(i), values[0], values[i])) {
        return true;
      }
    }
    return false;
  }

  /** In a list, text that is not a number equals no number. */
  private static boolean matches(BiPredicate<Object, Object> test, Object value, Object option) {
    try {
      return test.test(value, option);
    } catch (NumberFormatException notANumber) {
      return false;
    }
  }

  private Expression like(JsonNode node) {
    Expression value = arg(node, 0);
    Expression pattern = arg(node, 1);
    JsonNode escape = node.get("escape");
    Character escaping = escape == null || escape.isNull() ? null : escape.textValue().charAt(0);
    Memo<String, Pattern> patterns = new Memo<>(text -> Like.compile(text, escaping));
    return row -> {
      String text = (String) value.evaluate(row);
      return patterns.get((String) pattern.evaluate(row)).matcher(text).matches();
    };
  }

  private Expression subscript(JsonNode node) {
    Expression base = arg(node, 0);
    Expression index = arg(node, 1);
    if (argType(node, 0).kind == Type.Kind.MAP) {
      return row -> {
        Map<?, ?> map = (Map<?, ?>) base.evaluate(row);
        return map == null ? null : map.get(index.evaluate(row));
      };
    }
    return row -> {
      List<?> list = (List<?>) base.evaluate(row);
      return list == null ? null : element(list, ((Number) index.evaluate(row)).intValue());
    };
  }

  private static Object element(List<?> list, int position) {
    int index = position >= 0 ? position - 1 : list.size() + position;
    return index < 0 || index >= list.size() ? null : list.get(index);
  }

  private static Expression dereference(Expression base, int index) {
    return row -> {
      Object[] fields = (Object[]) base.evaluate(row);
      return fields == null ? null : fields[index];
    };
  }

  private Expression searchedCase(JsonNode node) {
    List<Expression> conditions = new ArrayList<>();
    List<Expression> results = new ArrayList<>();
    for (JsonNode branch : node.get("branches")) {
      conditions.add(compile(branch.get(0)));
      results.add(compile(branch.get(1)));
    }
    JsonNode other = node.get("else");
    results.add(other == null || other.isNull() ? row -> null : compile(other));
    return row -> results.get(firstTrue(conditions, row)).evaluate(row);
  }

  private static int firstTrue(List<Expression> conditions, Object[] row) {
    for (int i = 0; i < conditions.size(); i++) {
      if ((Boolean) conditions.get(i).evaluate(row)) {
        return i;
      }
    }
    return conditions.size();
  }

  private Expression cast(JsonNode value, Type to) {
    Expression inner = compile(value);
    UnaryOperator<Object> cast = Casts.of(type(value), to);
    return guarded(row -> cast.apply(inner.evaluate(row)));
  }

  /** An item of a constructed value: cast to the common type, null if it fails. */
  private Expression item(JsonNode value, Type type) {
    Type from = type(value);
    return from == null || type == null || from.equals(type) ? guarded(compile(value)) : cast(value, type);
  }

  private Expression variable(JsonNode node) {
    Object[] cell = variables.get(node.get("name").textValue());
    return row -> cell[0];
  }

  private LambdaFunctions.Lambda lambda(JsonNode node) {
    List<Object[]> cells = new ArrayList<>();
    for (JsonNode name : node.get("parameters")) {
      Object[] cell = new Object[1];
      cells.add(cell);
      variables.put(name.textValue(), cell);
    }
    return new LambdaFunctions.Lambda(cells, compile(node.get("body")));
  }

  private static boolean isLambda(JsonNode node) {
    return node.get("op").textValue().equals("lambda");
  }

  private Expression callWithLambdas(JsonNode node) {
    List<Expression> args = new ArrayList<>();
    List<LambdaFunctions.Lambda> lambdas = new ArrayList<>();
    for (JsonNode arg : node.get("args")) {
      if (isLambda(arg)) {
        lambdas.add(lambda(arg));
      } else {
        args.add(endsFailures(arg) ? guarded(compile(arg)) : compile(arg));
      }
    }
    return LambdaFunctions.bind(node.get("name").textValue(), args.toArray(new Expression[0]), lambdas);
  }

  private Expression call(JsonNode node) {
    JsonNode nodes = node.get("args");
    if (!nodes.isEmpty() && isLambda(nodes.get(nodes.size() - 1))) {
      return callWithLambdas(node);
    }
    Expression[] args = args(node);
    Type[] types = new Type[args.length];
    for (int i = 0; i < args.length; i++) {
      types[i] = type(nodes.get(i));
      args[i] = endsFailures(nodes.get(i)) ? guarded(args[i]) : args[i];
    }
    Functions.Function function = Functions.bind(node.get("name").textValue(), types, type(node));
    return row -> function.apply(evaluate(args, row));
  }

  private static boolean endsFailures(JsonNode argument) {
    String op = argument.get("op").textValue();
    return op.equals("call") || op.equals("dereference");
  }

  private Expression[] args(JsonNode node) {
    List<Expression> args = new ArrayList<>();
    node.get("args").forEach(arg -> args.add(compile(arg)));
    return args.toArray(new Expression[0]);
  }

  private static Object[] evaluate(Expression[] args, Object[] row) {
    Object[] values = new Object[args.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = args[i].evaluate(row);
    }
    return values;
  }

  private Expression array(JsonNode node) {
    Type element = type(node).element;
    List<Expression> items = new ArrayList<>();
    node.get("args").forEach(arg -> items.add(item(arg, element)));
    Expression[] args = items.toArray(new Expression[0]);
    return row -> new ArrayList<>(Arrays.asList(evaluate(args, row)));
  }

  private Expression map(JsonNode node) {
    Type type = type(node);
    JsonNode nodes = node.get("args");
    Expression[] args = new Expression[nodes.size()];
    for (int i = 0; i < args.length; i++) {
      args[i] = item(nodes.get(i), i % 2 == 0 ? type.key : type.element);
    }
    return row -> mapOf(evaluate(args, row));
  }

  private static Map<Object, Object> mapOf(Object[] entries) {
    Map<Object, Object> map = new HashMap<>(entries.length / 2);
    for (int i = 0; i < entries.length; i += 2) {
      map.put(entries[i], entries[i + 1]);
    }
    return map;
  }

  private Expression struct(JsonNode node) {
    Type type = type(node);
    JsonNode nodes = node.get("args");
    Expression[] args = new Expression[nodes.size()];
    for (int i = 0; i < args.length; i++) {
      args[i] = item(nodes.get(i), type.members[i]);
    }
    return row -> evaluate(args, row);
  }
}
