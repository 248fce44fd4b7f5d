package guard;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.netty4.io.netty.buffer.ByteBuf;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.channel.embedded.EmbeddedChannel;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;

/**
 * Reads what a client sends on one connection and prints what comes of it: how much reached the handler that
 * stores uploads, whether the connection is still open, and the answer.
 */
final class FlinkGuardCheck {
  private static final class Uploads extends ChannelInboundHandlerAdapter {
    private int messages;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      messages++;
      ReferenceCountUtil.release(message);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Uploads uploads = new Uploads();
    // As Flink's REST server builds it: what is loaded comes last.
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), uploads);
    channel.pipeline().addLast(new FlinkGuard().createHandler(new Configuration(), Map.of()).orElseThrow());
    channel.writeInbound(Unpooled.wrappedBuffer(System.in.readAllBytes()));
    System.out.println(uploads.messages + " " + channel.isOpen());
    for (ByteBuf answer; (answer = channel.readOutbound()) != null; ) {
      System.out.print(answer.toString(StandardCharsets.UTF_8));
    }
  }
}
