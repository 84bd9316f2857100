package dev.mlops.nas.validation;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds what the user may have meant. */
final class Names {
    /** The candidate that differs by few letters, if there is one. */
    static Optional<String> nearest(String word, Collection<String> candidates) {
        int tolerance = Math.max(1, Math.min(3, word.length() / 2));
        return candidates.stream()
                .filter(c -> distance(word, c) <= tolerance || c.equalsIgnoreCase(word) || isPlural(word, c))
                .min(Comparator.comparingInt(c -> distance(word, c)));
    }

    private static boolean isPlural(String a, String b) {
        return a.equals(b + "s") || b.equals(a + "s");
    }

    /** Levenshtein's: letters to insert, delete or replace, case aside. */
    static int distance(String first, String second) {
        String a = first.toLowerCase(Locale.ROOT);
        String b = second.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    private Names() {}
}
