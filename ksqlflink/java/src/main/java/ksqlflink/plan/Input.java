package ksqlflink.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.format.Format;
import ksqlflink.format.JsonWriter;
import ksqlflink.format.KafkaFormat;
import ksqlflink.format.Registry;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/**
 * One input of the plan: turns a record into a row. A row holds key columns, value columns, and the
 * pseudo columns ROWTIME, ROWPARTITION, ROWOFFSET, WINDOWSTART and WINDOWEND.
 */
public final class Input {
  private static final List<Column> PSEUDO =
      List.of(
          new Column("ROWTIME", Type.BIGINT),
          new Column("ROWPARTITION", Type.INTEGER),
          new Column("ROWOFFSET", Type.BIGINT),
          new Column("WINDOWSTART", Type.BIGINT),
          new Column("WINDOWEND", Type.BIGINT));
  private static final Set<Type.Kind> PRIMITIVE =
      Set.of(Type.Kind.STRING, Type.Kind.INTEGER, Type.Kind.BIGINT, Type.Kind.DOUBLE);

  /** Whether null values delete, and whether rows are looked up instead of joined. */
  public final boolean table;

  private final String alias;
  private final List<Column> columns = new ArrayList<>();
  private final int keys;
  private final int values;
  private final Format.Reader keyReader;
  private final Format.Reader valueReader;
  private final String window;
  private final long windowSize;
  private final int timeSlot;
  private final EventTime eventTime;
  private final int tasks;
  private final Expression[] by;
  private final RowCodec byCodec;

  /** Whether it is a table that has a row for each window of a key. */
  private final boolean windowed;

  private final Format.Writer placement;

  Input(JsonNode spec, int tasks, Registry registry) {
    this.table = spec.path("table").asBoolean();
    this.alias = spec.get("alias").textValue();
    this.tasks = tasks;
    JsonNode key = spec.get("key");
    List<Column> keyColumns = Column.listOf(key.get("columns"));
    List<Column> valueColumns = Column.listOf(spec.get("value").get("columns"));
    this.keys = keyColumns.size();
    this.values = valueColumns.size();
    columns.addAll(keyColumns);
    columns.addAll(valueColumns);
    columns.addAll(PSEUDO);
    this.keyReader = Format.reader(key, true, registry);
    this.valueReader = Format.reader(spec.get("value"), false, registry);
    this.window = key.path("window").textValue();
    this.windowSize = key.path("windowSize").asLong();
    Map<String, Integer> slots = slots(0);
    boolean timed = spec.hasNonNull("timestamp");
    this.timeSlot =
        timed ? slots.get(alias + "." + spec.get("timestamp").get("column").textValue()) : -1;
    this.eventTime =
        timed ? new EventTime(spec.get("timestamp"), columns.get(timeSlot).type()) : null;
    JsonNode grouping = spec.path("by");
    this.by =
        grouping.isArray() && !grouping.isEmpty() ? compiled(grouping, new Compiler(slots)) : null;
    List<Type> types = by == null ? Column.types(keyColumns) : typesOf(grouping);
    this.placement = placement(types);
    this.windowed = table && by == null && window != null;
    List<Type> told = new ArrayList<>(types);
    if (windowed) {
      told.addAll(List.of(Type.BIGINT, Type.BIGINT));
    }
    this.byCodec = new RowCodec(told);
  }

  private static Expression[] compiled(JsonNode nodes, Compiler compiler) {
    List<Expression> compiled = new ArrayList<>();
    nodes.forEach(node -> compiled.add(Compiler.guarded(compiler.compile(node))));
    return compiled.toArray(new Expression[0]);
  }

  public static List<Type> typesOf(JsonNode expressions) {
    List<Type> types = new ArrayList<>();
    expressions.forEach(node -> types.add(Type.of(node.get("type"))));
    return types;
  }

  /**
   * How a repartitioned record is placed: one primitive by its Kafka serializer, anything else by
   * its JSON.
   */
  private static Format.Writer placement(List<Type> types) {
    List<Column> named = new ArrayList<>();
    types.forEach(type -> named.add(new Column("K" + named.size(), type)));
    boolean primitive = named.size() == 1 && PRIMITIVE.contains(types.get(0).kind);
    return primitive ? new KafkaFormat(named) : new JsonWriter(named, named.size() == 1);
  }

  /** Whether its records are brought together by something else than their key. */
  boolean isRepartitioned() {
    return by != null;
  }

  public int width() {
    return columns.size();
  }

  Column column(int slot) {
    return columns.get(slot);
  }

  /**
   * The slots of this input's columns by their full names, in a row where they begin at `first`.
   */
  Map<String, Integer> slots(int first) {
    Map<String, Integer> slots = new LinkedHashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      slots.put(alias + "." + columns.get(i).name(), first + i);
    }
    return slots;
  }

  /**
   * The row of a record; value columns are null when the value is. Throws Undecodable for a record
   * to be skipped.
   */
  public Object[] row(KafkaRecord record) {
    byte[] value = record.value();
    Object[] row = new Object[columns.size()];
    int pseudo = keys + values;
    if (record.key() != null) {
      readKey(record.key(), row, pseudo);
    }
    if (value != null) {
      System.arraycopy(valueReader.read(value), 0, row, keys, values);
    }
    row[pseudo] = record.ms();
    row[pseudo + 1] = record.partition();
    row[pseudo + 2] = record.offset();
    if (eventTime != null && value != null) {
      row[pseudo] = eventTime.of(row[timeSlot]);
    }
    return row;
  }

  /** The time of a row in epoch milliseconds. */
  public long time(Object[] row) {
    return (Long) row[keys + values];
  }

  /** Where the window of a row's key begins; 0 without one. */
  public long windowStart(Object[] row) {
    return window == null ? 0 : (Long) row[keys + values + 3];
  }

  public long windowEnd(Object[] row) {
    return window == null ? 0 : (Long) row[keys + values + 4];
  }

  private void readKey(byte[] key, Object[] row, int pseudo) {
    byte[] inner = key;
    if (window != null) {
      int bounds = "SESSION".equals(window) ? 2 * Long.BYTES : Long.BYTES;
      if (key.length < bounds) {
        throw new Undecodable("its key carries no window");
      }
      inner = Arrays.copyOf(key, key.length - bounds);
      ByteBuffer times = ByteBuffer.wrap(key, inner.length, bounds);
      Long end = bounds > Long.BYTES ? times.getLong() : null;
      long start = times.getLong();
      row[pseudo + 3] = start;
      row[pseudo + 4] = end == null ? start + windowSize : end;
    }
    System.arraycopy(keyReader.read(inner), 0, row, 0, keys);
  }

  /**
   * The values that bring rows together, encoded, of a windowed table with the window; null where
   * the record counts nowhere: when one of them is null, or when a table's key is null as a whole.
   */
  public byte[] key(Object[] row) {
    List<Object> values = Arrays.asList(keyValues(row));
    boolean lost =
        keeps() && table ? values.stream().allMatch(Objects::isNull) : values.contains(null);
    if (lost) {
      return null;
    }
    List<Object> told = new ArrayList<>(values);
    if (windowed) {
      told.addAll(List.of(windowStart(row), windowEnd(row)));
    }
    return byCodec.encode(told.toArray());
  }

  /** Puts what a key that records keep was made of back into a row. */
  public void putKey(byte[] key, Object[] row) {
    Object[] told = byCodec.decode(key);
    System.arraycopy(told, 0, row, 0, keys);
    System.arraycopy(told, keys, row, keys + values + 3, told.length - keys);
  }

  /** Whether records keep the keys they have in the topic. */
  public boolean keeps() {
    return by == null;
  }

  private Object[] keyValues(Object[] row) {
    if (by == null) {
      return Arrays.copyOf(row, keys);
    }
    Object[] values = new Object[by.length];
    for (int i = 0; i < by.length; i++) {
      values[i] = by[i].evaluate(row);
    }
    return values;
  }

  /**
   * Which Kafka Streams task would process the record: the partition, or where its new key would be
   * placed.
   */
  public int task(Object[] row, int partition) {
    return by == null
        ? partition % tasks
        : Murmur2.partition(placement.write(keyValues(row)), tasks);
  }
}
