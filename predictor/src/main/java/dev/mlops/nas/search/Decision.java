package dev.mlops.nas.search;

import java.util.List;

/**
 * One choice that defines an architecture.
 *
 * @param name unique in the space
 * @param choices values as text, two or more
 */
public record Decision(String name, List<String> choices) {
    /** Copies the choices. */
    public Decision {
        choices = List.copyOf(choices);
    }
}
