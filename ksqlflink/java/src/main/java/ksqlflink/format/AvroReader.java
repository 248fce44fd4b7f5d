package ksqlflink.format;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import ksqlflink.codec.In;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;
import org.apache.avro.Schema;

/**
 * Reads Confluent-framed Avro straight into columns. Fields match without regard to case; what the
 * writer has and the columns have not is skipped, what the columns have and the writer has not is
 * null.
 */
final class AvroReader implements Format.Reader {
  /** Reads one record off the bytes, into columns. */
  private interface RecordStep {
    void read(In in, Object[] columns);
  }

  private final List<Column> columns;

  private final Registry registry;

  private final boolean bare;

  private final Map<Integer, RecordStep> steps = new HashMap<>();

  /** A bare value is one column's, and no record of columns. */
  AvroReader(List<Column> columns, Registry registry, boolean bare) {
    this.columns = columns;
    this.registry = registry;
    this.bare = bare;
  }

  @Override
  public Object[] read(byte[] bytes) {
    In in = new In(bytes);
    if (in.read() != 0) {
      throw new Undecodable("it does not begin with Avro's magic byte");
    }
    int id = in.read() << 24 | in.read() << 16 | in.read() << 8 | in.read();
    RecordStep step = steps.get(id);
    if (step == null) {
      step = top(registry.schema(id));
      steps.put(id, step);
    }
    Object[] values = new Object[columns.size()];
    try {
      step.read(in, values);
    } catch (StackOverflowError error) {
      throw new Undecodable("its values are nested too deeply");
    }
    return values;
  }

  private RecordStep top(Schema schema) {
    Type[] types = Column.types(columns).toArray(new Type[0]);
    List<String> names = columns.stream().map(Column::name).toList();
    if (bare) {
      AvroStep only = step(schema, types[0]);
      return (in, values) -> values[0] = only.read(in);
    }
    if (schema.getType() == Schema.Type.RECORD) {
      return record(schema, types, names);
    }
    if (isSeveral(schema)) {
      return oneOf(schema, branch -> member(branch, types, names));
    }
    if (schema.getType() == Schema.Type.UNION) {
      return oneOf(schema, branch -> recordOrNothing(branch, types, names));
    }
    throw new Undecodable("its " + schema.getType().getName() + " is no record");
  }

  private static RecordStep recordOrNothing(Schema branch, Type[] types, List<String> names) {
    if (branch.getType() == Schema.Type.RECORD) {
      return record(branch, types, names);
    }
    AvroStep skip = AvroStep.skip(branch);
    return (in, values) -> skip.read(in);
  }

  private static RecordStep oneOf(Schema union, Function<Schema, RecordStep> way) {
    RecordStep[] branches = union.getTypes().stream().map(way).toArray(RecordStep[]::new);
    return (in, values) -> branches[AvroStep.branch(in, branches.length)].read(in, values);
  }

  /** A union of several types is a STRUCT with a field for each. */
  private static boolean isSeveral(Schema schema) {
    return schema.getType() == Schema.Type.UNION
        && (schema.getTypes().size() != 2 || !schema.isNullable());
  }

  private static RecordStep member(Schema branch, Type[] types, List<String> names) {
    int target = target(branch.getName(), names);
    if (target < 0) {
      AvroStep skip = AvroStep.skip(branch);
      return (in, values) -> skip.read(in);
    }
    AvroStep step = step(branch, types[target]);
    return (in, values) -> values[target] = step.read(in);
  }

  private static RecordStep record(Schema schema, Type[] types, List<String> names) {
    List<Schema.Field> fields = schema.getFields();
    AvroStep[] steps = new AvroStep[fields.size()];
    int[] targets = new int[fields.size()];
    for (int i = 0; i < steps.length; i++) {
      targets[i] = target(fields.get(i).name(), names);
      Schema field = fields.get(i).schema();
      steps[i] = targets[i] < 0 ? AvroStep.skip(field) : step(field, types[targets[i]]);
    }
    return (in, values) -> {
      for (int i = 0; i < steps.length; i++) {
        Object value = steps[i].read(in);
        if (targets[i] >= 0) {
          values[targets[i]] = value;
        }
      }
    };
  }

  private static int target(String field, List<String> names) {
    int exact = names.indexOf(field);
    if (exact >= 0) {
      return exact;
    }
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equalsIgnoreCase(field)) {
        return i;
      }
    }
    return -1;
  }

  private static AvroStep step(Schema schema, Type type) {
    return switch (schema.getType()) {
      case UNION -> union(schema, type);
      case NULL -> in -> null;
      case RECORD -> struct(schema, type);
      case ARRAY -> array(schema, type);
      case MAP -> map(schema, type);
      default -> primitive(schema, type);
    };
  }

  private static AvroStep union(Schema schema, Type type) {
    boolean several = isSeveral(schema) && type.kind == Type.Kind.STRUCT;
    AvroStep[] branches =
        schema.getTypes().stream()
            .map(branch -> several ? unionMember(branch, type) : step(branch, type))
            .toArray(AvroStep[]::new);
    return in -> branches[AvroStep.branch(in, branches.length)].read(in);
  }

  /** Null where the union is null, not a STRUCT of nulls. */
  private static AvroStep unionMember(Schema branch, Type type) {
    return branch.getType() == Schema.Type.NULL
        ? in -> null
        : struct(type, member(branch, type.members, List.of(type.names)));
  }

  private static AvroStep primitive(Schema schema, Type type) {
    AvroStep raw = AvroStep.raw(schema);
    return switch (type.kind) {
      case BOOLEAN -> only(schema, type, raw, Schema.Type.BOOLEAN);
      case INTEGER, DATE, TIME -> only(schema, type, raw, Schema.Type.INT);
      case BIGINT, TIMESTAMP -> {
        only(schema, type, raw, Schema.Type.INT, Schema.Type.LONG);
        yield in -> ((Number) raw.read(in)).longValue();
      }
      case DOUBLE -> {
        only(schema, type, raw, Schema.Type.FLOAT, Schema.Type.DOUBLE);
        yield in -> ((Number) raw.read(in)).doubleValue();
      }
      case STRING -> {
        only(
            schema,
            type,
            raw,
            Schema.Type.STRING,
            Schema.Type.ENUM,
            Schema.Type.INT,
            Schema.Type.LONG,
            Schema.Type.BOOLEAN);
        yield in -> String.valueOf(raw.read(in));
      }
      case BYTES -> only(schema, type, raw, Schema.Type.BYTES, Schema.Type.FIXED);
      case DECIMAL -> decimal(schema, type, raw);
      default -> throw mismatch(schema, type);
    };
  }

  private static AvroStep only(Schema schema, Type type, AvroStep raw, Schema.Type... allowed) {
    if (!List.of(allowed).contains(schema.getType())) {
      throw mismatch(schema, type);
    }
    return raw;
  }

  private static Undecodable mismatch(Schema schema, Type type) {
    return new Undecodable("its " + schema.getType().getName() + " is no " + type);
  }

  private static AvroStep decimal(Schema schema, Type type, AvroStep raw) {
    if (!"decimal".equals(schema.getProp("logicalType"))) {
      throw mismatch(schema, type);
    }
    Object scale = schema.getObjectProp("scale");
    int digits = scale == null ? 0 : ((Number) scale).intValue();
    return in ->
        JsonReader.decimal(new BigDecimal(new BigInteger((byte[]) raw.read(in)), digits), type);
  }

  private static AvroStep struct(Schema schema, Type type) {
    if (type.kind != Type.Kind.STRUCT) {
      throw mismatch(schema, type);
    }
    return struct(type, record(schema, type.members, List.of(type.names)));
  }

  private static AvroStep struct(Type type, RecordStep record) {
    return in -> {
      Object[] members = new Object[type.members.length];
      record.read(in, members);
      return members;
    };
  }

  private static AvroStep array(Schema schema, Type type) {
    if (type.kind == Type.Kind.MAP) {
      return entries(schema, type);
    }
    if (type.kind != Type.Kind.ARRAY) {
      throw mismatch(schema, type);
    }
    AvroStep element = step(schema.getElementType(), type.element);
    return in -> {
      List<Object> items = new ArrayList<>();
      AvroStep.blocks(in, () -> items.add(element.read(in)));
      return items;
    };
  }

  /** Kafka Connect writes a map as an array of key-value records. */
  private static AvroStep entries(Schema schema, Type type) {
    Type entry = Type.struct(new String[] {"key", "value"}, new Type[] {type.key, type.element});
    AvroStep element = step(schema.getElementType(), entry);
    return in -> {
      Map<Object, Object> found = new LinkedHashMap<>();
      AvroStep.blocks(
          in,
          () -> {
            Object[] pair = (Object[]) element.read(in);
            found.put(pair[0], pair[1]);
          });
      return found;
    };
  }

  private static AvroStep map(Schema schema, Type type) {
    if (type.kind != Type.Kind.MAP) {
      throw mismatch(schema, type);
    }
    AvroStep value = step(schema.getValueType(), type.element);
    return in -> {
      Map<Object, Object> found = new LinkedHashMap<>();
      AvroStep.blocks(
          in,
          () -> {
            String key = in.readText();
            found.put(key, value.read(in));
          });
      return found;
    };
  }
}
