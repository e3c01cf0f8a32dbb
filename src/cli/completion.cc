#include "cli/completion.h"

#include <functional>

#include <fmt/format.h>

namespace molecule::cli {
namespace {

// A word of several shells' single quotes.
std::string quoted(std::string_view text, std::string_view quote_inside) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quote_inside;
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + "'";
}
std::string in_sh(std::string_view text) { return quoted(text, "'\\''"); }
std::string in_fish(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return quoted(escaped, "\\'");
}
std::string in_powershell(std::string_view text) { return quoted(text, "''"); }

using Visit = std::function<void(const std::string& path, const Words& words)>;
// Every verb with its path: "" for the program, "/ws", "/ws/list".
void each(const Words& words, const std::string& path, const Visit& visit) {
  visit(path, words);
  for (const Words& below : words.below) each(below, path + "/" + below.name, visit);
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
  return fmt::format("{}", fmt::join(all, between));
}

std::vector<std::string> flags_of(const Words& words) {
  std::vector<std::string> flags;
  for (const auto& choice : words.choices)
    for (const std::string& name : choice.names) flags.push_back(name);
  return flags;
}

std::string_view kind_text(Option::Names kind) {
  switch (kind) {
    case Option::Names::workspaces: return "workspaces";
    case Option::Names::profiles: return "profiles";
    case Option::Names::dead_letters: return "dead-letters";
    case Option::Names::questions: return "questions";
    case Option::Names::files: return "files";
    case Option::Names::none: return "";
  }
  return "";
}

// What may stand for a choice: "=a b c" for words, "workspaces", "profiles", "files", or nothing.
std::string value_of(const Words::Choice& choice) {
  if (!choice.values.empty()) return "=" + joined(choice.values, " ");
  return std::string(kind_text(choice.kind));
}

// The tables that bash and zsh share, as functions that set variables.
std::string tables(const Words& root) {
  std::string step = "_molecule_step() {\n  case \"$1:$2\" in\n";
  std::string here = "_molecule_here() {\n  verbs='' flags='' arguments=''\n  case \"$1\" in\n";
  std::string value = "_molecule_value() {\n  value='' takes=''\n  case \"$1:$2\" in\n";
  each(root, "", [&](const std::string& path, const Words& words) {
    std::vector<std::string> verbs;
    for (const Words& below : words.below) {
      verbs.push_back(below.name);
      std::vector<std::string> names{in_sh(path + ":" + below.name)};
      for (const std::string& alias : below.aliases) names.push_back(in_sh(path + ":" + alias));
      step += fmt::format("    {}) at={} ;;\n", joined(names, "|"), in_sh(path + "/" + below.name));
    }
    std::vector<std::string> arguments;
    for (const auto& choice : words.choices) {
      if (choice.names.empty()) {
        arguments.push_back(value_of(choice));
        continue;
      }
      if (!choice.takes_value) continue;
      std::vector<std::string> names;
      for (const std::string& name : choice.names) names.push_back(in_sh(path + ":" + name));
      value +=
          fmt::format("    {}) takes=1 value={} ;;\n", joined(names, "|"), in_sh(value_of(choice)));
    }
    here += fmt::format("    {}) verbs={} flags={} arguments={} ;;\n", in_sh(path),
                        in_sh(joined(verbs, " ")), in_sh(joined(flags_of(words), " ")),
                        in_sh(joined(arguments, ",")));
  });
  return step + "    *) return 1 ;;\n  esac\n}\n" + here + "  esac\n}\n" + value + "  esac\n}\n";
}

// Goes through the words that are there; sets at, count and, where a value stands, value and takes.
constexpr std::string_view walk = R"sh(
# Where the words before the one that is being typed lead to.
_molecule_walk() {
  at='' count=0 value='' takes=''
  local word
  for word in "$@"; do
    if [ -n "$takes" ]; then value='' takes=''; continue; fi
    case "$word" in
      -*) _molecule_value "$at" "$word" ;;
      *) if [ "$count" -gt 0 ] || ! _molecule_step "$at" "$word"; then count=$((count + 1)); fi ;;
    esac
  done
}
)sh";

// The quotes of bash without bash: what is half typed is never evaluated, for that would run it.
constexpr std::string_view unquote = R"sh(
# Sets typed: the word without its quotes and backslashes.
_molecule_unquote() {
  local rest=$1 each within=''
  typed=''
  while [ -n "$rest" ]; do
    each=${rest:0:1} rest=${rest:1}
    case "$within$each" in
      "'" | '"') within=$each ;;
      "''" | '""') within='' ;;
      '\' | '"\')
        # Within double quotes a backslash is one, but before these.
        case "$within${rest:0:1}" in
          '"'[!\"\\\$\`]) typed+=$each ;;
          *) typed+=${rest:0:1} rest=${rest:1} ;;
        esac ;;
      *) typed+=$each ;;
    esac
  done
}
# Sets quoted: a name as it stands behind what is typed; fails where it cannot stand there.
_molecule_quote() {
  case "$1" in
    "'"*) quoted=${2//"'"/"'\\''"} ;;
    '"'*)
      case "$2" in *'!'*) return 1 ;; esac
      quoted=${2//'\'/'\\'} quoted=${quoted//'"'/'\"'}
      quoted=${quoted//'$'/'\$'} quoted=${quoted//'`'/'\`'} ;;
    *) printf -v quoted %q "$2" ;;
  esac
}
)sh";

std::string bash(const Words& root) {
  return "# Completion of molecule for bash: source it, or put it where bash-completion looks.\n" +
         tables(root) + std::string(walk) + std::string(unquote) + R"sh(
_molecule() {
  local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]}
  local at count value takes verbs flags arguments kind list
  # bash parts words at = and : ; what stands behind an = is the value of what stands before.
  _molecule_walk "${COMP_WORDS[@]:1:COMP_CWORD-1}"
  COMPREPLY=()
  if [ -n "$takes" ]; then
    kind=$value
  else
    _molecule_here "$at"
    if [[ $cur == -* ]]; then
      COMPREPLY=($(compgen -W "$flags" -- "$cur"))
      return
    fi
    if [ -n "$verbs" ]; then
      COMPREPLY=($(compgen -W "$verbs" -- "$cur"))
      return
    fi
    local IFS=,
    list=($arguments)
    IFS=$' \t\n'
    kind=${list[count]-}
    [ -z "$kind" ] && [ "$count" -ge "${#list[@]}" ] && [ "${#list[@]}" -gt 0 ] && kind=${list[${#list[@]}-1]}
  fi
  case "$kind" in
    '='*) COMPREPLY=($(compgen -W "${kind#=}" -- "$cur")) ;;
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    workspaces|profiles|dead-letters|questions)
      local name typed quoted
      _molecule_unquote "$cur"
      while IFS= read -r name; do
        [[ $name == "$typed"* ]] && _molecule_quote "$cur" "$name" && COMPREPLY+=("$quoted")
      done < <("$program" completion --names "$kind" 2>/dev/null)
      ;;
  esac
}
complete -F _molecule molecule molecli
)sh";
}

std::string zsh(const Words& root) {
  std::string does = "_molecule_does() {\n  described=()\n  case \"$1\" in\n";
  each(root, "", [&](const std::string& path, const Words& words) {
    if (words.below.empty()) return;
    does += fmt::format("    {}) described=(", in_sh(path));
    for (const Words& below : words.below) {
      std::string text = below.does;
      for (std::size_t at = 0; (at = text.find(':', at)) != text.npos; at += 2)
        text.insert(at, "\\");
      does += in_sh(below.name + ":" + text) + " ";
    }
    does += ") ;;\n";
  });
  return "#compdef molecule molecli\n"
         "# Completion of molecule for zsh: source it, or name it _molecule in a directory of fpath.\n" +
         tables(root) + does + "  esac\n}\n" + std::string(walk) + R"sh(
_molecule() {
  local at count value takes verbs flags arguments kind
  local -a described list
  _molecule_walk "${(@Q)words[2,CURRENT-1]}"
  if [[ -n $takes ]]; then
    kind=$value
  else
    _molecule_here "$at"
    if [[ ${words[CURRENT]} == -* ]]; then
      compadd -- ${(s: :)flags}
      return
    fi
    if [[ -n $verbs ]]; then
      _molecule_does "$at"
      _describe -t verbs verb described
      return
    fi
    list=("${(@s:,:)arguments}")
    kind=${list[count+1]:-}
    (( count >= $#list && $#list > 0 )) && kind=${list[-1]}
  fi
  case $kind in
    '='*) compadd -- ${(s: :)kind#=} ;;
    files) _files ;;
    workspaces|profiles|dead-letters|questions) compadd -- ${(f)"$(${words[1]} completion --names $kind 2>/dev/null)"} ;;
  esac
}
if [ "$funcstack[1]" = "_molecule" ]; then
  _molecule "$@"
elif (( $+functions[compdef] )); then
  compdef _molecule molecule molecli
fi
)sh";
}

std::string fish(const Words& root) {
  std::string step, valued;
  each(root, "", [&](const std::string& path, const Words& words) {
    for (const Words& below : words.below) {
      std::vector<std::string> names{in_fish(path + ":" + below.name)};
      for (const std::string& alias : below.aliases) names.push_back(in_fish(path + ":" + alias));
      step += fmt::format("        case {}\n            echo {}\n", joined(names, " "),
                          in_fish(path + "/" + below.name));
    }
    for (const auto& choice : words.choices)
      for (const std::string& name : choice.names)
        if (choice.takes_value) valued += " " + in_fish(path + ":" + name);
  });
  std::string out =
      "# Completion of molecule for fish: source it, or put it into ~/.config/fish/completions.\n"
      "set -g __molecule_valued" +
      valued +
      "\n"
      "function __molecule_step\n    switch \"$argv[1]:$argv[2]\"\n" +
      step + "        case '*'\n            return 1\n    end\nend\n" + R"fish(
# Where the words before the one that is being typed lead to, and how many arguments stand there.
function __molecule_walk
    set -l at ''
    set -l count 0
    set -l skip 0
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        if string match -q -- '-*' $word
            if contains -- "$at:$word" $__molecule_valued
                set skip 1
            end
        else if test $count -eq 0; and set -l next (__molecule_step "$at" "$word")
            set at $next
        else
            set count (math $count + 1)
        end
    end
    echo "$at"
    echo $count
end
function __molecule_at
    set -l here (__molecule_walk)
    test "$here[1]" = "$argv[1]"
end
function __molecule_argument
    set -l here (__molecule_walk)
    test "$here[1]" = "$argv[1]"; and test $here[2] -ge $argv[2]
end
)fish";
  out +=
      "for program in molecule molecli\n    complete -c $program -e\n    complete -c $program -f\n";
  const auto values = [](const Words::Choice& choice) -> std::string {
    if (!choice.values.empty()) return " -x -a " + in_fish(joined(choice.values, " "));
    if (choice.kind == Option::Names::files) return " -r -F";
    if (choice.kind == Option::Names::none) return choice.takes_value ? " -x" : "";
    return fmt::format(" -x -a \"($program completion --names {} 2>/dev/null)\"",
                       kind_text(choice.kind));
  };
  each(root, "", [&](const std::string& path, const Words& words) {
    const std::string at = fmt::format("    complete -c $program -n \"__molecule_at '{}'\"", path);
    for (const Words& below : words.below)
      out += fmt::format("{} -a {} -d {}\n", at, in_fish(below.name), in_fish(below.does));
    int argument = 0;
    for (const auto& choice : words.choices) {
      if (choice.names.empty()) {
        if (!value_of(choice).empty()) {
          out += fmt::format("    complete -c $program -n \"__molecule_argument '{}' {}\"{}\n",
                             path, argument, values(choice));
        }
        ++argument;
        continue;
      }
      out += at;
      for (const std::string& name : choice.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      out += values(choice) + " -d " + in_fish(choice.does) + "\n";
    }
  });
  return out + "end\n";
}

std::string powershell(const Words& root) {
  std::string rows;
  each(root, "", [&](const std::string& path, const Words& words) {
    std::vector<std::string> verbs;
    for (const Words& below : words.below) verbs.push_back(in_powershell(below.name));
    std::vector<std::string> flags;
    for (const std::string& flag : flags_of(words)) flags.push_back(in_powershell(flag));
    rows += fmt::format("  {} = @{{ Verbs = @({}); Flags = @({}) }}\n", in_powershell(path),
                        joined(verbs, ", "), joined(flags, ", "));
  });
  return "# Completion of molecule for PowerShell: dot-source it in your profile.\n"
         "$MoleculeWords = @{\n" +
         rows + "}\n" + R"ps(
Register-ArgumentCompleter -Native -CommandName molecule, molecli -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $at = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $word = $element.ToString()
    if ($word -eq $wordToComplete -and $element.Extent.EndOffset -ge $cursorPosition) { break }
    if ($MoleculeWords.ContainsKey("$at/$word")) { $at = "$at/$word" }
  }
  $here = $MoleculeWords[$at]
  $words = if ($wordToComplete -like '-*') { $here.Flags } else { $here.Verbs }
  $words | Where-Object { $_ -like "$wordToComplete*" } | Sort-Object | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
)ps";
}

}  // namespace

std::string completion_script(std::string_view shell, const Words& words) {
  if (shell == "bash") return bash(words);
  if (shell == "zsh") return zsh(words);
  if (shell == "fish") return fish(words);
  return powershell(words);
}

}  // namespace molecule::cli
