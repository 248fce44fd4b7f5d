package ksqlflink.type;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** A SQL type of the plan. Only the fields of its kind are set; the others are null or 0. */
public final class Type {
  public enum Kind {
    BOOLEAN,
    // Numbers, the narrowest first: Coercion relies on it.
    INTEGER,
    BIGINT,
    DECIMAL,
    DOUBLE,
    STRING,
    BYTES,
    DATE,
    TIME,
    TIMESTAMP,
    ARRAY,
    MAP,
    STRUCT
  }

  static final Type BOOLEAN = scalar(Kind.BOOLEAN);
  public static final Type INTEGER = scalar(Kind.INTEGER);
  public static final Type BIGINT = scalar(Kind.BIGINT);
  public static final Type DOUBLE = scalar(Kind.DOUBLE);
  public static final Type STRING = scalar(Kind.STRING);
  static final Type BYTES = scalar(Kind.BYTES);
  static final Type DATE = scalar(Kind.DATE);
  static final Type TIME = scalar(Kind.TIME);
  static final Type TIMESTAMP = scalar(Kind.TIMESTAMP);

  public final Kind kind;

  /** Of a DECIMAL: all digits, and digits behind the point. */
  public final int precision;

  public final int scale;

  /** The element type of an ARRAY, the value type of a MAP. */
  public final Type element;

  /** The key type of a MAP. */
  public final Type key;

  /** Of a STRUCT: field names and types, in order. */
  public final String[] names;

  public final Type[] members;

  private Type(
      Kind kind, int precision, int scale, Type key, Type element, String[] names, Type[] members) {
    this.kind = kind;
    this.precision = precision;
    this.scale = scale;
    this.key = key;
    this.element = element;
    this.names = names;
    this.members = members;
  }

  private static Type scalar(Kind kind) {
    return new Type(kind, 0, 0, null, null, null, null);
  }

  static Type decimal(int precision, int scale) {
    return new Type(Kind.DECIMAL, precision, scale, null, null, null, null);
  }

  public static Type array(Type element) {
    return new Type(Kind.ARRAY, 0, 0, null, element, null, null);
  }

  public static Type map(Type key, Type value) {
    return new Type(Kind.MAP, 0, 0, key, value, null, null);
  }

  public static Type struct(String[] names, Type[] members) {
    return new Type(Kind.STRUCT, 0, 0, null, null, names, members);
  }

  /**
   * Reads T of the plan; JSON null gives null (the literal NULL). Throws IllegalArgumentException
   * on anything else.
   */
  public static Type of(JsonNode node) {
    if (node == null || node.isNull()) {
      return null;
    }
    if (node.isTextual()) {
      return named(node.textValue());
    }
    if (node.has("decimal")) {
      return decimal(node.get("decimal").get(0).intValue(), node.get("decimal").get(1).intValue());
    }
    if (node.has("array")) {
      return array(of(node.get("array")));
    }
    if (node.has("map")) {
      return map(of(node.get("map").get(0)), of(node.get("map").get(1)));
    }
    if (node.has("struct")) {
      return structOf(node.get("struct"));
    }
    throw new IllegalArgumentException("not a type: " + node);
  }

  private static Type named(String name) {
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "BOOLEAN" -> BOOLEAN;
      case "INTEGER", "INT" -> INTEGER;
      case "BIGINT" -> BIGINT;
      case "DOUBLE" -> DOUBLE;
      case "STRING", "VARCHAR" -> STRING;
      case "BYTES" -> BYTES;
      case "DATE" -> DATE;
      case "TIME" -> TIME;
      case "TIMESTAMP" -> TIMESTAMP;
      default -> throw new IllegalArgumentException("not a type: " + name);
    };
  }

  private static Type structOf(JsonNode fields) {
    List<String> names = new ArrayList<>();
    List<Type> members = new ArrayList<>();
    for (JsonNode field : fields) {
      names.add(field.get(0).textValue());
      members.add(of(field.get(1)));
    }
    return struct(names.toArray(new String[0]), members.toArray(new Type[0]));
  }

  /** Whether values are Integer, Long, Double or BigDecimal. */
  public boolean isNumber() {
    return switch (kind) {
      case INTEGER, BIGINT, DOUBLE, DECIMAL -> true;
      default -> false;
    };
  }

  /** Whether values are points in time: DATE, TIME, TIMESTAMP. */
  public boolean isTime() {
    return switch (kind) {
      case DATE, TIME, TIMESTAMP -> true;
      default -> false;
    };
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Type type
        && kind == type.kind
        && precision == type.precision
        && scale == type.scale
        && Objects.equals(key, type.key)
        && Objects.equals(element, type.element)
        && Arrays.equals(names, type.names)
        && Arrays.equals(members, type.members);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        kind, precision, scale, key, element, Arrays.hashCode(names), Arrays.hashCode(members));
  }

  /** The SQL text of the type, for error messages. */
  @Override
  public String toString() {
    return switch (kind) {
      case DECIMAL -> "DECIMAL(" + precision + ", " + scale + ")";
      case ARRAY -> "ARRAY<" + element + ">";
      case MAP -> "MAP<" + key + ", " + element + ">";
      case STRUCT -> "STRUCT<" + fields() + ">";
      default -> kind.name();
    };
  }

  private String fields() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      text.append(i == 0 ? "`" : ", `").append(names[i]).append("` ").append(members[i]);
    }
    return text.toString();
  }
}
