package dev.mlops.nas.cli;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Logging of the command line: to standard error by the JDK, since Quarkus does not run. */
final class Logging {
    private static final Logger UNHEARD = Logger.getLogger("dev.mlops.nas.cli.unheard");

    /**
     * Quarkus's log manager is on the class path and complains, once and through the first platform logger that anybody asks for,
     * that it does not manage logs here. This one asks first, for a logger that is off.
     */
    static void begin() {
        UNHEARD.setLevel(Level.OFF);
        System.getLogger(UNHEARD.getName());
    }

    private Logging() {}
}
