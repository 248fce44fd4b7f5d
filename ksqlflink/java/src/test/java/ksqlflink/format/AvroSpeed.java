package ksqlflink.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

/** Our way between bytes and rows beside Avro's own, in one run: mvn test -Dtest=AvroSpeed. */
final class AvroSpeed {
  private static final int ROUNDS = 8;
  private static final int RECORDS = 300_000;
  private static final int HEAD = 5;
  private static final String SCHEMA =
      """
      {"type": "record", "name": "R", "fields": [
        {"name": "A", "type": ["null", "string"]},
        {"name": "B", "type": ["null", "long"]},
        {"name": "C", "type": ["null", "double"]},
        {"name": "D", "type": ["null", {"type": "array", "items": ["null", "string"]}]}]}
      """;
  private static final List<Column> COLUMNS =
      List.of(
          new Column("A", Type.STRING),
          new Column("B", Type.BIGINT),
          new Column("C", Type.DOUBLE),
          new Column("D", Type.array(Type.STRING)));
  private static final Object[] ROW = {
    "customer-17", 1_700_000_000_000L, 12.5, List.of("a", "bb", "ccc")
  };

  private final Schema schema = new Schema.Parser().parse(SCHEMA);
  private final GenericDatumReader<GenericRecord> datumReader = new GenericDatumReader<>(schema);
  private final GenericDatumWriter<GenericRecord> datumWriter = new GenericDatumWriter<>(schema);
  private BinaryDecoder decoder;
  private BinaryEncoder encoder;

  private interface Work {
    Object once() throws IOException;
  }

  @Test
  void compare() throws IOException {
    AvroWriter writer = new AvroWriter(COLUMNS, 7, false);
    Registry registry = new Registry("");
    ObjectNode schemas = new ObjectMapper().createObjectNode().put("7", SCHEMA);
    registry.learn(schemas);
    AvroReader reader = new AvroReader(COLUMNS, registry, false);
    byte[] bytes = writer.write(ROW);
    assertArrayEquals(ROW, reader.read(bytes));
    assertArrayEquals(ROW, readByAvro(bytes));
    assertArrayEquals(ROW, readByAvro(writtenByAvro()));
    for (int warm = 0; warm < 2; warm++) {
      time("read, ours", () -> reader.read(bytes));
      time("read, Avro's", () -> readByAvro(bytes));
      time("write, ours", () -> writer.write(ROW));
      time("write, Avro's", this::writtenByAvro);
    }
  }

  private Object[] readByAvro(byte[] bytes) throws IOException {
    decoder = DecoderFactory.get().binaryDecoder(bytes, HEAD, bytes.length - HEAD, decoder);
    GenericRecord record = datumReader.read(null, decoder);
    List<Object> items = new ArrayList<>();
    ((List<?>) record.get(3)).forEach(item -> items.add(item.toString()));
    return new Object[] {record.get(0).toString(), record.get(1), record.get(2), items};
  }

  private byte[] writtenByAvro() throws IOException {
    GenericRecord record = new GenericData.Record(schema);
    for (int i = 0; i < ROW.length; i++) {
      record.put(i, ROW[i]);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    bytes.writeBytes(new byte[HEAD]);
    encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
    datumWriter.write(record, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  /** Prints the best round, in time of the processor: others may be busy on the machine. */
  private static void time(String name, Work work) throws IOException {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      for (int i = 0; i < RECORDS; i++) {
        work.once();
      }
      best = Math.min(best, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start);
    }
    System.out.printf("%s: %d ns%n", name, best / RECORDS);
  }
}
