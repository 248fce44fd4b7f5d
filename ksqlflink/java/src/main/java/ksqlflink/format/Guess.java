package ksqlflink.format;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import ksqlflink.type.Undecodable;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

/** Formats that all values so far could have; what none fits is shown as bytes. */
public final class Guess {
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(
              DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .configure(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES, false);

  /** The text of a value; null, or an exception of these, where it is not of the format. */
  private interface Decoder {
    String text(byte[] data) throws IOException;
  }

  private final Map<String, Decoder> possible = new LinkedHashMap<>();

  /** Takes the names of the formats that values before could have. */
  public Guess(Collection<String> names, Registry registry) {
    possible.put("AVRO", data -> avro(data, registry));
    possible.put("JSON", Guess::json);
    possible.put(
        "KAFKA_INT", data -> sized(data, Integer.BYTES) ? "" + buffer(data).getInt() : null);
    possible.put(
        "KAFKA_BIGINT", data -> sized(data, Long.BYTES) ? "" + buffer(data).getLong() : null);
    possible.put(
        "KAFKA_DOUBLE", data -> sized(data, Long.BYTES) ? "" + buffer(data).getDouble() : null);
    possible.put(
        "KAFKA_STRING",
        data -> StandardCharsets.UTF_8.newDecoder().decode(buffer(data)).toString());
    possible.keySet().retainAll(names);
  }

  private static ByteBuffer buffer(byte[] data) {
    return ByteBuffer.wrap(data);
  }

  private static boolean sized(byte[] data, int size) {
    return data.length == size;
  }

  /** A bare value could as well be text. */
  private static String json(byte[] data) throws IOException {
    JsonNode node = MAPPER.readTree(data);
    return node.isContainerNode() ? node.toString() : null;
  }

  private static String avro(byte[] data, Registry registry) throws IOException {
    int header = 1 + Integer.BYTES;
    if (data.length < header || data[0] != 0) {
      return null;
    }
    Schema schema = registry.schema(buffer(data).getInt(1));
    var decoder = DecoderFactory.get().binaryDecoder(data, header, data.length - header, null);
    return String.valueOf(new GenericDatumReader<Object>(schema).read(null, decoder));
  }

  private static String decoded(Decoder decoder, byte[] data) {
    try {
      return decoder.text(data);
    } catch (IOException | Undecodable | AvroRuntimeException | IndexOutOfBoundsException notThis) {
      return null;
    }
  }

  public List<String> names() {
    return new ArrayList<>(possible.keySet());
  }

  /** Drops the formats that a value does not have. */
  public void learn(byte[] data) {
    if (data == null) {
      return;
    }
    possible.values().removeIf(decoder -> decoded(decoder, data) == null);
    if (possible.containsKey("AVRO")) {
      // Its first bytes are enough of a mark.
      possible.keySet().retainAll(Set.of("AVRO"));
    } else if (possible.containsKey("KAFKA_STRING") && printable(data)) {
      possible.keySet().retainAll(Set.of("JSON", "KAFKA_STRING"));
    }
  }

  private static boolean printable(byte[] data) {
    for (byte one : data) {
      if (one >= 0 && one < ' ' && one != '\t' && one != '\r' && one != '\n') {
        return false;
      }
    }
    return true;
  }

  public String text(byte[] data) {
    if (data == null) {
      return "<null>";
    }
    for (Decoder decoder : possible.values()) {
      String text = decoded(decoder, data);
      if (text != null) {
        return text;
      }
    }
    return HexFormat.ofDelimiter(" ").formatHex(data);
  }
}
