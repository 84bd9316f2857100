package dev.mlops.nas.devcluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/** What a control plane keeps in its folder besides data: ports, keys, tokens; and the command lines that follow from them. */
final class ControlPlaneFiles {
    /** Below the ports that the system hands out to clients. */
    private static final int FIRST_PORT = 20_000;

    private static final int PORT_COUNT = 12_000;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path folder;
    private final Properties settings;

    private ControlPlaneFiles(Path folder, Properties settings) {
        this.folder = folder;
        this.settings = settings;
    }

    /** Reads the files of a folder, or makes them. Nobody else may read the folder: it holds the administrator's token. */
    static ControlPlaneFiles openOrCreate(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        var file = folder.resolve("ports");
        var settings = new Properties();
        if (Files.exists(file)) {
            try (var reader = Files.newBufferedReader(file)) {
                settings.load(reader);
            }
        } else {
            for (var name : List.of("api", "etcd", "peer")) {
                settings.setProperty(name, Integer.toString(freePort()));
            }
            var unfinished = folder.resolve("ports.new");
            try (var writer = Files.newBufferedWriter(unfinished)) {
                settings.store(writer, "ports on 127.0.0.1");
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        }
        var files = new ControlPlaneFiles(folder, settings);
        files.createKeys();
        return files;
    }

    void forgetPorts() throws IOException {
        Files.delete(folder.resolve("ports"));
    }

    boolean hasCertificate() {
        try {
            return Files.exists(certificate()) && Files.size(certificate()) > 0;
        } catch (IOException e) {
            return false;
        }
    }

    void writeKubeconfig(Path file) throws IOException {
        var token = Files.readString(tokens());
        var text = kubeconfig("admin", token.substring(0, token.indexOf(',')));
        if (!Files.exists(file) || !Files.readString(file).equals(text)) {
            var unfinished = folder.resolve("kubeconfig.new");
            Files.writeString(unfinished, text);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** A kubeconfig for whoever has the token; only once the API server has written its certificate. */
    String kubeconfig(String user, String token) throws IOException {
        return """
                apiVersion: v1
                kind: Config
                current-context: nas
                contexts: [{name: nas, context: {cluster: nas, user: "%1$s"}}]
                clusters: [{name: nas, cluster: {server: "https://127.0.0.1:%2$s", certificate-authority-data: %3$s}}]
                users: [{name: "%1$s", user: {token: "%4$s"}}]
                """.formatted(
                user, port("api"), Base64.getEncoder().encodeToString(Files.readAllBytes(certificate())), token);
    }

    List<String> etcdCommand(Path program) {
        var client = "http://127.0.0.1:" + port("etcd");
        var peer = "http://127.0.0.1:" + port("peer");
        return List.of(
                program.toString(),
                "--data-dir=" + folder.resolve("etcd"),
                "--log-level=warn",
                "--unsafe-no-fsync",
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=default=" + peer);
    }

    List<String> apiServerCommand(Path program) {
        return List.of(
                program.toString(),
                "--etcd-servers=http://127.0.0.1:" + port("etcd"),
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--secure-port=" + port("api"),
                "--cert-dir=" + folder.resolve("certs"),
                "--endpoint-reconciler-type=none",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--authorization-mode=RBAC",
                "--token-auth-file=" + tokens(),
                "--allow-privileged",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=" + privateKey(),
                "--service-account-signing-key-file=" + privateKey());
    }

    List<String> controllerManagerCommand(Path program, Path kubeconfig) {
        return List.of(
                program.toString(),
                "--kubeconfig=" + kubeconfig,
                "--leader-elect=false",
                "--secure-port=0",
                "--use-service-account-credentials",
                "--service-account-private-key-file=" + privateKey(),
                "--root-ca-file=" + certificate());
    }

    private Path certificate() {
        return folder.resolve("certs").resolve("apiserver.crt");
    }

    private Path tokens() {
        return folder.resolve("tokens.csv");
    }

    private Path privateKey() {
        return folder.resolve("service-accounts.key");
    }

    private String port(String name) {
        return settings.getProperty(name);
    }

    private void createKeys() throws IOException {
        if (!Files.exists(tokens())) {
            var secret = new byte[16];
            RANDOM.nextBytes(secret);
            Files.writeString(tokens(), HexFormat.of().formatHex(secret) + ",admin,admin,system:masters\n");
        }
        if (!Files.exists(privateKey())) {
            Files.writeString(privateKey(), newPrivateKey());
        }
    }

    private static String newPrivateKey() {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            var lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
            return "-----BEGIN PRIVATE KEY-----\n"
                    + lines.encodeToString(
                            generator.generateKeyPair().getPrivate().getEncoded())
                    + "\n-----END PRIVATE KEY-----\n";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A port on loopback that nobody uses now. */
    static int freePort() {
        var port = 0;
        while (port == 0) {
            try (var probe =
                    new ServerSocket(FIRST_PORT + RANDOM.nextInt(PORT_COUNT), 1, InetAddress.getLoopbackAddress())) {
                port = probe.getLocalPort();
            } catch (IOException taken) {
                port = 0;
            }
        }
        return port;
    }
}
