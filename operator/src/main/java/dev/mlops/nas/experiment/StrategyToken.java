package dev.mlops.nas.experiment;

import java.util.Map;

/** Where the token comes from that is sent to an external strategy. */
@FunctionalInterface
public interface StrategyToken {
    /** The entry of a Secret, and the variable of an environment, that hold a token. */
    String NAME = "NAS_STRATEGY_TOKEN";

    /**
     * The token.
     *
     * @param secret that the experiment names
     * @throws MissingTokenException if there is none
     */
    String read(String secret) throws MissingTokenException;

    /** That of a machine's environment, which stands in for every Secret. */
    static StrategyToken of(Map<String, String> environment) {
        return secret -> {
            String token = environment.get(NAME);
            if (token == null) {
                throw new MissingTokenException(
                        secret, "whose " + NAME + " nas run takes from the environment: set the variable " + NAME);
            }
            return token;
        };
    }
}
