package macd.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the converter around Apicurio's and Confluent's makes of bad records and of an absent
 * registry.
 */
final class PatientConverterTest {
  private static final String SCHEMA =
      "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"string\"},"
          + "{\"name\":\"b\",\"type\":\"long\"}]}";

  private HttpServer registry;

  /** Knows one schema, whatever its id, that refers to no other. */
  @BeforeEach
  void startRegistry() throws IOException {
    registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    registry.createContext("/", PatientConverterTest::answer);
    registry.start();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    boolean references = exchange.getRequestURI().getPath().endsWith("references");
    byte[] answer = (references ? "[]" : SCHEMA).getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  @AfterEach
  void stopRegistry() {
    registry.stop(0); // its thread would keep the program running
  }

  /** A whole record; cut off, cut off in a text, with a length below zero; no Avro. */
  @ParameterizedTest
  @CsvSource({
    "00000000070661626354, 'Struct{a=abc,b=42}'",
    "000000000706616263, dead letter",
    "0000000007066162, dead letter",
    "000000000705, dead letter",
    "6e6f, dead letter"
  })
  void whatCannotBeDecodedIsBad(String record, String expected) {
    assertEquals(expected, fate(apicurios(), record));
  }

  @ParameterizedTest
  @CsvSource({"00000000070661626354, another try", "6e6f, dead letter"})
  void whatCannotBeAskedIsTriedAgain(String record, String expected) {
    Converter converter = apicurios();
    registry.stop(0);
    assertEquals(expected, fate(converter, record));
  }

  /** A record cut off, a refused connection and one of Kafka's, no magic byte. */
  @ParameterizedTest
  @CsvSource({"00, dead letter", "01, another try", "02, another try", "ff, dead letter"})
  void confluentsFailuresAreToldApartToo(String record, String expected) {
    Converter converter = new PatientConverter();
    converter.configure(Map.of(PatientConverter.DELEGATE, Confluents.class.getName()), false);
    assertEquals(expected, fate(converter, record));
  }

  private Converter apicurios() {
    Converter converter = new PatientApicurioConverter();
    String url = "http://127.0.0.1:" + registry.getAddress().getPort() + "/apis/registry/v2";
    converter.configure(
        Map.of(
            PatientConverter.DELEGATE,
            "io.apicurio.registry.utils.converter.AvroConverter",
            "apicurio.registry.url",
            url,
            "apicurio.registry.as-confluent",
            "true",
            "apicurio.registry.use-id",
            "contentId",
            "apicurio.registry.headers.enabled",
            "false"),
        false);
    return converter;
  }

  private static String fate(Converter converter, String record) {
    try {
      return converter.toConnectData("t", bytes(record)).value().toString();
    } catch (RetriableException error) {
      return "another try";
    } catch (RuntimeException error) {
      return "dead letter";
    }
  }

  /** Two hexadecimal digits a byte. */
  private static byte[] bytes(String digits) {
    byte[] bytes = new byte[digits.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

  /**
   * What Confluent's deserializer and converter make of an exception; the first byte says of which.
   */
  public static final class Confluents implements Converter {
    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {}

    @Override
    public byte[] fromConnectData(String topic, Schema schema, Object value) {
      throw new UnsupportedOperationException();
    }

    @Override
    public SchemaAndValue toConnectData(String topic, byte[] value) {
      try {
        switch (value[0]) {
          case 0:
            DecoderFactory.get()
                .binaryDecoder(value, 1, 0, null)
                .readLong(); // nothing is left to read
            throw new IllegalStateException();
          case 1:
            throw new IOException("Connection refused");
          case 2:
            throw new NetworkException("Connection refused");
          default:
            throw new SerializationException("Unknown magic byte!");
        }
      } catch (IOException error) {
        throw new DataException(new SerializationException("Error deserializing", error));
      } catch (SerializationException | NetworkException error) {
        throw new DataException(error);
      }
    }
  }
}
