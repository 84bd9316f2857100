package dev.mlops.nas.trainer;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * ONNX Runtime's native libraries, unpacked into a folder that is gone as soon as they are loaded. By itself the runtime removes them when
 * the process ends: its folder always stays behind, and with it the 22 MB of every process that is killed.
 */
final class OnnxLibrary {
    /** A folder that the runtime loads from in place of its own; one that a user names is used as it is. */
    private static final String PLACE = "onnxruntime.native.path";

    private static final String RESOURCES = "/ai/onnxruntime/native/linux-x64/";
    private static final List<String> FILES = List.of("libonnxruntime.so", "libonnxruntime4j_jni.so");

    private OnnxLibrary() {}

    /**
     * The runtime, loaded by the first call.
     *
     * @throws LinkageError where there is none for this machine
     */
    static synchronized OrtEnvironment runtime() {
        if (System.getProperty(PLACE) != null) {
            return OrtEnvironment.getEnvironment();
        }
        try {
            var folder = Files.createTempDirectory("nas-onnxruntime");
            try {
                unpack(folder);
                System.setProperty(PLACE, folder.toString());
                return OrtEnvironment.getEnvironment();
            } finally {
                // What is loaded stays in memory without its file.
                for (var file : FILES) {
                    Files.deleteIfExists(folder.resolve(file));
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UnsatisfiedLinkError("ONNX Runtime cannot be unpacked: " + e);
        }
    }

    private static void unpack(Path folder) throws IOException {
        for (var file : FILES) {
            try (var packed = OrtEnvironment.class.getResourceAsStream(RESOURCES + file)) {
                if (packed == null) {
                    throw new UnsatisfiedLinkError("the class path has no " + RESOURCES + file);
                }
                Files.copy(packed, folder.resolve(file));
            }
        }
    }
}
