
use builtin;
use str;

set edit:completion:arg-completer[kship] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'kship'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'kship'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand completions 'Print the completion script of a shell'
            cand man 'Write the manual pages into a directory'
        }
        &'kship;completions'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kship;man'= {
            cand --color 'When to use colour'
            cand -q 'Print only the product, warnings and errors'
            cand --quiet 'Print only the product, warnings and errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
