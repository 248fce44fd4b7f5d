import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;

/**
 * Serves the MongoDB wire protocol from an H2 file: java -cp "lib/*" MongoServerLauncher.java FILE
 * PORT.
 */
public class MongoServerLauncher {
  public static void main(String[] args) {
    var backend = new Durable(args[0]);
    // A slow read of a large collection must not find its chunks rewritten under it (H2's default:
    // 45 s).
    backend.getMvStore().setRetentionTime(600_000);
    // In KB as they are in the file; in memory documents take twenty times as much.
    backend.getMvStore().setCacheSize(4_096);
    // Current drivers refuse the wire version the backend announces by itself (8); 13 is MongoDB
    // 5.0.
    backend.version(
        new MongoVersion() {
          public List<Integer> getVersionArray() {
            return List.of(5, 0, 0, 0);
          }

          public int getWireVersion() {
            return 13;
          }
        });
    var server = new MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(args[1]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
  }

  /**
   * Writes to the file before it answers: H2 would within a second, and kill -9 lose what was
   * acknowledged.
   */
  private static class Durable extends H2Backend {
    Durable(String file) {
      super(file);
    }

    @Override
    public Document handleMessage(MongoMessage message) {
      var answer = super.handleMessage(message);
      commit();
      return answer;
    }
  }
}
