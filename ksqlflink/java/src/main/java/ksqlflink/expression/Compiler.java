package ksqlflink.expression;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import ksqlflink.type.Type;

/**
 * Turns EXPR of the plan into an Expression; names and types are resolved here, once.
 *
 * <p>ksqlDB evaluates Java code in which null operands of arithmetic and of AND, OR and NOT throw.
 * So do these expressions. As in ksqlDB, a failure ends at a cast, at an item of a constructed
 * array, map or struct, and at a call or field that is an argument of a function: those give null.
 */
public final class Compiler {
  private final Map<String, Integer> slots;

  /** The variables of the lambdas around the node that is being compiled. */
  private final Map<String, Object[]> variables = new HashMap<>();

  private final Predicates predicates = new Predicates(this);

  /** Columns are read from the row at the slot of their name. */
  public Compiler(Map<String, Integer> slots) {
    this.slots = slots;
  }

  /**
   * The same expression, with null where its evaluation fails: how ksqlDB evaluates a selected
   * column.
   */
  public static Expression guarded(Expression expression) {
    return row -> {
      try {
        return expression.evaluate(row);
      } catch (RuntimeException failure) {
        return null;
      }
    };
  }

  /**
   * Compiles one node. Throws IllegalArgumentException for an unknown op, column, function, cast or
   * comparison.
   */
  public Expression compile(JsonNode node) {
    String op = node.get("op").textValue();
    return switch (op) {
      case "column" -> column(node);
      case "literal" -> Literals.literal(node);
      case "+", "-", "*", "/", "%" -> Arithmetic.binary(op, type(node), arg(node, 0), arg(node, 1));
      case "negate" -> Arithmetic.negate(type(node), arg(node, 0));
      case "concat" -> concat(arg(node, 0), arg(node, 1));
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
      default -> predicates.compile(op, node);
    };
  }

  private static Type type(JsonNode node) {
    return Type.of(node.get("type"));
  }

  static Type argType(JsonNode node, int index) {
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

  private static Expression concat(Expression left, Expression right) {
    return row -> Bounds.checked(String.valueOf(left.evaluate(row)) + right.evaluate(row));
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
    return from == null || type == null || from.equals(type)
        ? guarded(compile(value))
        : cast(value, type);
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
    return LambdaFunctions.bind(
        node.get("name").textValue(), args.toArray(new Expression[0]), lambdas);
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
    return row -> Bounds.checked(function.apply(evaluate(args, row)));
  }

  private static boolean endsFailures(JsonNode argument) {
    String op = argument.get("op").textValue();
    return op.equals("call") || op.equals("dereference");
  }

  Expression[] args(JsonNode node) {
    List<Expression> args = new ArrayList<>();
    node.get("args").forEach(arg -> args.add(compile(arg)));
    return args.toArray(new Expression[0]);
  }

  static Object[] evaluate(Expression[] args, Object[] row) {
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
