package dev.mlops.nas.devcluster;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Turns paths inside a container into paths on this machine, in environment values, arguments and configuration files. A process
 * without a mount namespace has no other way to find its volumes. A path is replaced where it stands alone or begins a longer path,
 * such as {@code /data} in {@code --in=/data/x.csv}, but not inside another path ({@code http://host/data}).
 */
final class PathRewriter {
    private final Map<String, Path> mounts;
    private final Pattern pattern;

    /** From absolute path inside the container, without a slash at the end, to path on this machine. */
    PathRewriter(Map<String, Path> mounts) {
        this.mounts = Map.copyOf(mounts);
        this.pattern = Pattern.compile(mounts.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|", "(?:(?<=file://)|(?<![\\w./-]))(", ")(?![\\w.-])")));
    }

    /** The text with every path inside a mount replaced. */
    String rewrite(String text) {
        return mounts.isEmpty()
                ? text
                : pattern.matcher(text)
                        .replaceAll(match -> Matcher.quoteReplacement(String.valueOf(mounts.get(match.group(1)))));
    }
}
