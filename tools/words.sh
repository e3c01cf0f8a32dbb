# shellcheck shell=bash
# What was probably meant by a word that ./dev does not know. Sourced by ./dev.

# Prints the closest of WORDS when it is close: a slip in three letters, a word cut short, letters turned.
nearest() { # TYPED WORDS…
  local typed=$1
  shift
  printf '%s\n' "$@" | awk -v typed="$typed" '
    function least(a, b) { return a < b ? a : b }
    function away(a, b,   i, j, d, m, n) {
      m = length(a); n = length(b)
      for (i = 0; i <= m; i++) d[i, 0] = i
      for (j = 0; j <= n; j++) d[0, j] = j
      for (i = 1; i <= m; i++) for (j = 1; j <= n; j++) {
        d[i, j] = least(least(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1)))
        if (i > 1 && j > 1 && substr(a, i, 1) == substr(b, j - 1, 1) && substr(a, i - 1, 1) == substr(b, j, 1))
          d[i, j] = least(d[i, j], d[i - 2, j - 2] + 1)
      }
      return d[m, n]
    }
    BEGIN { typed = tolower(substr(typed, 1, 40)); gsub(/_/, "-", typed); bound = int(length(typed) / 3); if (bound < 1) bound = 1; bound++ }
    {
      far = away(typed, $0)
      if (length(typed) >= 3 && index($0, typed) == 1) far = 1
      if (far < bound) { bound = far; best = $0 }
    }
    END { if (best != "") print best }'
}

# Ends with 2: WHAT was typed wrong, what it could be, and where help is.
misused() { # WHAT TYPED KNOWN…
  local what=$1 typed=$2 meant
  shift 2
  meant=$(nearest "$typed" "$@")
  printf 'dev: %s%s (./dev help)\n' "$what" "${meant:+; did you mean $meant?}" >&2
  exit 2
}
