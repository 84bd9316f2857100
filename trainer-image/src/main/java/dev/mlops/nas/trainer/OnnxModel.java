package dev.mlops.nas.trainer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/**
 * A network as {@code model.onnx}, run by ONNX Runtime on processors, the way many deploy it. Its native library is loaded when the
 * first one is opened, not before: only trials that leave a model, or are asked for its costs, pay for it.
 */
final class OnnxModel implements AutoCloseable {
    private final SessionOptions options;
    private final OrtSession session;

    private OnnxModel(SessionOptions options, OrtSession session) {
        this.options = options;
        this.session = session;
    }

    /**
     * Opens a network with all optimisations of graphs, as by default.
     *
     * @param onnx the content of a file
     * @param threads that an inference may use
     * @throws OrtException where the runtime cannot run the network
     * @throws LinkageError where there is no runtime for this machine
     */
    @SuppressWarnings("MustBeClosedChecker") // close() does
    static OnnxModel open(byte[] onnx, int threads) throws OrtException {
        var environment = OnnxLibrary.runtime();
        var options = new SessionOptions();
        try {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            return new OnnxModel(options, environment.createSession(onnx, options));
        } catch (OrtException e) {
            options.close();
            throw e;
        }
    }

    /** The runtime's version. */
    static String version() {
        return OnnxLibrary.runtime().getVersion();
    }

    /**
     * Examples for the network, which stay where they are however often it is run.
     *
     * @param features as the data has them, channels first
     * @param sides of the batch: examples, then the shape of one
     */
    static OnnxTensor batch(float[] features, long... sides) throws OrtException {
        var buffer = ByteBuffer.allocateDirect(Math.multiplyExact(features.length, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(features)
                .flip();
        return OnnxTensor.createTensor(OnnxLibrary.runtime(), buffer, sides);
    }

    /** What the network says of each example, one after the other: probabilities, or numbers in the data's units. */
    float[] outputs(OnnxTensor batch) throws OrtException {
        try (var said = session.run(Map.of(OnnxWriter.INPUT, batch))) {
            var buffer = ((OnnxTensor) said.get(0)).getFloatBuffer();
            var outputs = new float[buffer.remaining()];
            buffer.get(outputs);
            return outputs;
        }
    }

    /** How long it takes from a batch in memory to its outputs in memory. */
    Latency latency(OnnxTensor batch) throws OrtException {
        var inputs = Map.of(OnnxWriter.INPUT, batch);
        return Latency.measure(() -> session.run(inputs).close());
    }

    @Override
    public void close() throws OrtException {
        session.close();
        options.close();
    }
}
