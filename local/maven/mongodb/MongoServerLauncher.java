import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/** Serves the MongoDB wire protocol from an H2 file: java -cp "lib/*" MongoServerLauncher.java FILE PORT. */
public class MongoServerLauncher {
  public static void main(String[] args) {
    var backend = new H2Backend(args[0]);
    // A slow read of a large collection must not find its chunks rewritten under it (H2's default: 45 s).
    backend.getMvStore().setRetentionTime(600_000);
    // Current drivers refuse the wire version the backend announces by itself (8); 13 is MongoDB 5.0.
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
}
