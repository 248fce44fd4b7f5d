package macd.connect;

import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Another converter, `delegate`, whose failures it sorts: a registry that does not answer is no
 * fault of the record. Connect tries such a record again (errors.retry.timeout) and leaves the rest
 * to errors.tolerance; converters themselves make it one kind of error, so good records would
 * become dead letters in an outage.
 */
public class PatientConverter implements Converter {
  static final String DELEGATE = "delegate";

  private Converter delegate;

  @Override
  public ConfigDef config() {
    return new ConfigDef()
        .define(DELEGATE, ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "Class that converts.");
  }

  @Override
  public void configure(Map<String, ?> configs, boolean isKey) {
    delegate = instance(String.valueOf(configs.get(DELEGATE)));
    delegate.configure(configs, isKey);
  }

  @Override
  public byte[] fromConnectData(String topic, Schema schema, Object value) {
    return patiently(() -> delegate.fromConnectData(topic, schema, value));
  }

  @Override
  public byte[] fromConnectData(String topic, Headers headers, Schema schema, Object value) {
    return patiently(() -> delegate.fromConnectData(topic, headers, schema, value));
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte[] value) {
    return patiently(() -> delegate.toConnectData(topic, value));
  }

  @Override
  public SchemaAndValue toConnectData(String topic, Headers headers, byte[] value) {
    return patiently(() -> delegate.toConnectData(topic, headers, value));
  }

  /** Of Connect's interface since 4.0. */
  public void close() throws IOException {
    if (delegate instanceof Closeable) {
      ((Closeable) delegate).close();
    }
  }

  /**
   * Whether one error of the chain says that the registry is away, and nothing about the record.
   */
  protected boolean passes(Throwable error) {
    return error instanceof IOException
        || error instanceof org.apache.kafka.common.errors.RetriableException;
  }

  private <T> T patiently(Supplier<T> conversion) {
    try {
      return conversion.get();
    } catch (RuntimeException failure) {
      if (isInChain(failure, this::passes) && !isInChain(failure, PatientConverter::isDecoding)) {
        throw new RetriableException("The schema registry does not answer.", failure);
      }
      throw failure;
    }
  }

  private static boolean isInChain(Throwable failure, Predicate<Throwable> wanted) {
    for (Throwable error = failure; error != null; error = error.getCause()) {
      if (wanted.test(error)) {
        return true;
      }
    }
    return false;
  }

  /** Avro calls the end of a record that was cut off an IOException too. */
  private static boolean isDecoding(Throwable error) {
    StackTraceElement[] trace = error.getStackTrace();
    return trace.length > 0 && trace[0].getClassName().startsWith("org.apache.avro.");
  }

  /** From the folder in which this plugin lies. */
  private Converter instance(String name) {
    try {
      Class<?> found = Class.forName(name, true, getClass().getClassLoader());
      return found.asSubclass(Converter.class).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException | ClassCastException error) {
      throw new ConnectException(
          DELEGATE + ": " + name + " is no converter beside this one.", error);
    }
  }
}
