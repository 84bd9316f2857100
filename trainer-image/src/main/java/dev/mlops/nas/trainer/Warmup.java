package dev.mlops.nas.trainer;

import java.io.IOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Unpacks the native libraries into the user's cache; for building images. */
public final class Warmup {
    /** Where the libraries for CUDA lie in their jars; what builds images has no GPU to load them on. */
    private static final List<String> CUDA =
            List.of("/org/bytedeco/javacpp/", "/org/bytedeco/cuda/", "/org/nd4j/linalg/jcublas/bindings/");

    private Warmup() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) throws IOException {
        switch (Backend.ofThisBuild()) {
            case PROCESSORS -> Nd4j.zeros(DataType.FLOAT, 1).close();
            case GPU -> {
                for (var folder : CUDA) {
                    Loader.cacheResources(folder + Loader.getPlatform() + "/");
                }
            }
        }
        System.out.println("the native libraries are in place");
    }
}
