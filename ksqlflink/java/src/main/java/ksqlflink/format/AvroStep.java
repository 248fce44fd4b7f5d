package ksqlflink.format;

import java.util.IdentityHashMap;
import java.util.Map;
import ksqlflink.codec.In;
import ksqlflink.type.Undecodable;
import org.apache.avro.Schema;

/** Reads one value off Avro's bytes. */
interface AvroStep {
  Object read(In in);

  static AvroStep raw(Schema schema) {
    return switch (schema.getType()) {
      case BOOLEAN -> in -> in.read() == 1;
      case INT -> In::readInt;
      case LONG -> In::readLong;
      case FLOAT -> In::readFloat;
      case DOUBLE -> In::readDouble;
      case STRING -> In::readText;
      case BYTES -> In::readBlock;
      case FIXED -> in -> in.read(schema.getFixedSize());
      case ENUM -> in -> schema.getEnumSymbols().get(branch(in, schema.getEnumSymbols().size()));
      default -> throw new Undecodable("it has an unknown type " + schema.getType());
    };
  }

  static int branch(In in, int count) {
    int index = in.readInt();
    if (index < 0 || index >= count) {
      throw new Undecodable("a union has no branch " + index);
    }
    return index;
  }

  /** Arrays and maps come in blocks; a negative count is followed by the block's size. */
  static void blocks(In in, Runnable item) {
    for (long count = in.readLong(); count != 0; count = in.readLong()) {
      if (count < 0) {
        in.readLong();
      }
      for (long i = 0; i < Math.abs(count); i++) {
        item.run();
      }
    }
  }

  /** Reads past a value. */
  static AvroStep skip(Schema schema) {
    return skip(schema, new IdentityHashMap<>());
  }

  /** A record may contain itself: `known` holds the steps of those that are met already. */
  private static AvroStep skip(Schema schema, Map<Schema, AvroStep[]> known) {
    return switch (schema.getType()) {
      case UNION -> {
        AvroStep[] branches =
            schema.getTypes().stream().map(branch -> skip(branch, known)).toArray(AvroStep[]::new);
        yield in -> branches[branch(in, branches.length)].read(in);
      }
      case NULL -> in -> null;
      case STRING, BYTES ->
          in -> {
            in.skipBlock();
            return null;
          };
      case RECORD -> {
        AvroStep[] fields = skipFields(schema, known);
        yield in -> {
          for (AvroStep field : fields) {
            field.read(in);
          }
          return null;
        };
      }
      case ARRAY -> skipBlocks(skip(schema.getElementType(), known), false);
      case MAP -> skipBlocks(skip(schema.getValueType(), known), true);
      default -> raw(schema);
    };
  }

  private static AvroStep[] skipFields(Schema schema, Map<Schema, AvroStep[]> known) {
    AvroStep[] fields = known.get(schema);
    if (fields == null) {
      fields = new AvroStep[schema.getFields().size()];
      known.put(schema, fields);
      for (int i = 0; i < fields.length; i++) {
        fields[i] = skip(schema.getFields().get(i).schema(), known);
      }
    }
    return fields;
  }

  private static AvroStep skipBlocks(AvroStep item, boolean keyed) {
    return in -> {
      blocks(
          in,
          () -> {
            if (keyed) {
              in.skipBlock();
            }
            item.read(in);
          });
      return null;
    };
  }
}
