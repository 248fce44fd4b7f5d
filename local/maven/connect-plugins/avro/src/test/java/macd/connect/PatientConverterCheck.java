package macd.connect;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Converts each line of the input, hexadecimal bytes, and prints what Connect makes of it: a value, a dead letter,
 * or another try. The argument says whose converter it is: apicurio (the real one, with a registry that answers),
 * gone (the same, without), or confluent (one that fails as Confluent's does).
 */
final class PatientConverterCheck {
  private static final String SCHEMA =
      "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"string\"},"
          + "{\"name\":\"b\",\"type\":\"long\"}]}";

  public static void main(String[] arguments) throws Exception {
    HttpServer registry = registry();
    try {
      check(arguments[0], registry);
    } finally {
      registry.stop(0); // its thread would keep the program running
    }
  }

  private static void check(String whose, HttpServer registry) throws IOException {
    boolean confluent = whose.equals("confluent");
    Converter converter = confluent ? new PatientConverter() : new PatientApicurioConverter();
    converter.configure(settings(whose, registry.getAddress().getPort()), false);
    if (whose.equals("gone")) {
      registry.stop(0);
    }
    for (String line : new String(System.in.readAllBytes()).split("\n")) {
      System.out.println(fate(converter, HexFormat.of().parseHex(line)));
    }
  }

  private static String fate(Converter converter, byte[] value) {
    try {
      return converter.toConnectData("t", value).value().toString();
    } catch (RetriableException error) {
      return "another try";
    } catch (RuntimeException error) {
      return "dead letter";
    }
  }

  private static Map<String, String> settings(String whose, int port) {
    if (whose.equals("confluent")) {
      return Map.of(PatientConverter.DELEGATE, Confluents.class.getName());
    }
    return Map.of(
        PatientConverter.DELEGATE, "io.apicurio.registry.utils.converter.AvroConverter",
        "apicurio.registry.url", "http://127.0.0.1:" + port + "/apis/registry/v2",
        "apicurio.registry.as-confluent", "true",
        "apicurio.registry.use-id", "contentId",
        "apicurio.registry.headers.enabled", "false");
  }

  /** Knows one schema, whatever its id, that refers to no other. */
  private static HttpServer registry() throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] answer = (exchange.getRequestURI().getPath().endsWith("references") ? "[]" : SCHEMA).getBytes();
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    return server;
  }

  /** What Confluent's deserializer and converter make of an exception; the first byte says of which. */
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
            DecoderFactory.get().binaryDecoder(value, 1, 0, null).readLong(); // nothing is left to read
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
