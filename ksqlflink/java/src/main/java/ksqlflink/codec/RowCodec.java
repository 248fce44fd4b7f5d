package ksqlflink.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.type.Type;

/** Values in state and between operators: compact, and equal values give equal bytes. */
public final class RowCodec {
  private final Type[] types;

  public RowCodec(List<Type> types) {
    this.types = types.toArray(new Type[0]);
  }

  public byte[] encode(Object[] values) {
    Out out = new Out();
    for (int i = 0; i < types.length; i++) {
      write(out, types[i], values[i]);
    }
    return out.toBytes();
  }

  public Object[] decode(byte[] bytes) {
    In in = new In(bytes);
    Object[] values = new Object[types.length];
    for (int i = 0; i < types.length; i++) {
      values[i] = read(in, types[i]);
    }
    return values;
  }

  static void write(Out out, Type type, Object value) {
    if (value == null) {
      out.write(0);
      return;
    }
    out.write(1);
    switch (type.kind) {
      case BOOLEAN -> out.write((Boolean) value ? 1 : 0);
      case INTEGER, DATE, TIME -> out.writeLong((Integer) value);
      case BIGINT, TIMESTAMP -> out.writeLong((Long) value);
      case DOUBLE -> out.writeDouble((Double) value);
      case STRING -> out.writeText((String) value);
      case BYTES -> out.writeBlock((byte[]) value);
      case DECIMAL -> writeDecimal(out, (BigDecimal) value);
      case ARRAY -> writeArray(out, type, (List<?>) value);
      case MAP -> writeMap(out, type, (Map<?, ?>) value);
      case STRUCT -> writeStruct(out, type, (Object[]) value);
    }
  }

  private static void writeDecimal(Out out, BigDecimal value) {
    out.writeLong(value.scale()).writeBlock(value.unscaledValue().toByteArray());
  }

  private static void writeArray(Out out, Type type, List<?> items) {
    out.writeLong(items.size());
    for (Object item : items) {
      write(out, type.element, item);
    }
  }

  private static void writeMap(Out out, Type type, Map<?, ?> entries) {
    out.writeLong(entries.size());
    for (Map.Entry<?, ?> entry : entries.entrySet()) {
      write(out, type.key, entry.getKey());
      write(out, type.element, entry.getValue());
    }
  }

  private static void writeStruct(Out out, Type type, Object[] members) {
    for (int i = 0; i < type.members.length; i++) {
      write(out, type.members[i], members[i]);
    }
  }

  static Object read(In in, Type type) {
    if (in.read() == 0) {
      return null;
    }
    return switch (type.kind) {
      case BOOLEAN -> in.read() == 1;
      case INTEGER, DATE, TIME -> in.readInt();
      case BIGINT, TIMESTAMP -> in.readLong();
      case DOUBLE -> in.readDouble();
      case STRING -> in.readText();
      case BYTES -> in.readBlock();
      case DECIMAL -> readDecimal(in);
      case ARRAY -> readArray(in, type);
      case MAP -> readMap(in, type);
      case STRUCT -> readStruct(in, type);
    };
  }

  private static BigDecimal readDecimal(In in) {
    int scale = in.readInt();
    return new BigDecimal(new BigInteger(in.readBlock()), scale);
  }

  private static List<Object> readArray(In in, Type type) {
    int size = in.readInt();
    List<Object> items = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      items.add(read(in, type.element));
    }
    return items;
  }

  private static Map<Object, Object> readMap(In in, Type type) {
    int size = in.readInt();
    Map<Object, Object> entries = new LinkedHashMap<>(size * 2);
    for (int i = 0; i < size; i++) {
      Object key = read(in, type.key);
      entries.put(key, read(in, type.element));
    }
    return entries;
  }

  private static Object[] readStruct(In in, Type type) {
    Object[] members = new Object[type.members.length];
    for (int i = 0; i < members.length; i++) {
      members[i] = read(in, type.members[i]);
    }
    return members;
  }
}
