package dev.mlops.nas.trainer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * One native operation bound to its arrays once and run many times. Shapes are checked by {@link Network}, so that a run is
 * one call into native code: no shape function, no allocation, no lookup.
 */
final class Kernel implements Step {
    private static final NativeOps NATIVE = NativeOpsHolder.getInstance().getDeviceNativeOps();
    private static final Map<String, Long> HASHES = new ConcurrentHashMap<>();
    private static final long[] NONE = {};
    private static final double[] NO_NUMBERS = {};

    private final String operation;
    private final long hash;
    private final OpContext context;

    private Kernel(String operation, INDArray[] inputs, INDArray[] outputs, long[] integers, double[] numbers) {
        this.operation = operation;
        this.hash = HASHES.computeIfAbsent(
                operation, name -> DynamicCustomOp.builder(name).build().opHash());
        this.context = Nd4j.getExecutioner().buildContext();
        for (int i = 0; i < inputs.length; i++) {
            context.setInputArray(i, inputs[i]);
        }
        for (int i = 0; i < outputs.length; i++) {
            context.setOutputArray(i, outputs[i]);
        }
        context.setIArguments(integers);
        context.setTArguments(numbers);
        context.shapeFunctionOverride(true);
    }

    static INDArray[] in(INDArray... arrays) {
        return arrays;
    }

    static INDArray[] out(INDArray... arrays) {
        return arrays;
    }

    static Kernel of(String operation, INDArray[] inputs, INDArray[] outputs, long... integers) {
        return new Kernel(operation, inputs, outputs, integers.length == 0 ? NONE : integers, NO_NUMBERS);
    }

    static Kernel of(String operation, INDArray[] inputs, INDArray[] outputs, double[] numbers, long... integers) {
        return new Kernel(operation, inputs, outputs, integers, numbers);
    }

    /** Runs with other numbers. */
    void run(double... numbers) {
        context.setTArguments(numbers);
        run();
    }

    /** Runs with another integer and other numbers. */
    void run(long integer, double... numbers) {
        context.setIArguments(integer);
        run(numbers);
    }

    @Override
    public void run() {
        int status = NATIVE.execCustomOp2(null, hash, context.contextPointer());
        if (status != 0) {
            throw new IllegalStateException(
                    "operation %s failed with status %d: %s".formatted(operation, status, NATIVE.lastErrorMessage()));
        }
    }
}
