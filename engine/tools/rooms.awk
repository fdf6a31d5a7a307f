# Fails when an include runs against the order of the rooms. A room is a folder of engine/; rooms.txt names for each
# the rooms that it may include, its door (the headers that others may include: NAME.h unless a line says otherwise),
# and the rooms that alone may include the header of a library.
#   awk -f engine/tools/rooms.awk engine/rooms.txt engine/*/*.[ch] …

function problem(place, what) {
    print place ": " what > "/dev/stderr"
    problems = 1
}

# Whether the blank-separated list holds the word.
function holds(list, word) { return index(" " list " ", " " word " ") > 0 }

function is_public(room, header) {
    if (room == "base") return 1
    return holds(room in door ? door[room] : room ".h", header)
}

# The line without comments; block comments reach over lines.
function code(line,    out, at, rest) {
    while (line != "") {
        if (inside) {
            if (!(at = index(line, "*/"))) return out
            line = substr(line, at + 2)
            inside = 0
        } else {
            at = index(line, "/*")
            rest = index(line, "//")
            if (rest && (!at || rest < at)) return out substr(line, 1, rest - 1)
            if (!at) return out line
            out = out substr(line, 1, at - 1) " "
            line = substr(line, at + 2)
            inside = 1
        }
    }
    return out
}

NR == FNR {
    if ($0 !~ /^(room|door|library) /) next
    name = $2
    sub(/:$/, "", name)
    list = $0
    sub(/^[^:]*: */, "", list)
    if ($1 == "room") may_include[name] = list
    else if ($1 == "door") door[name] = list
    else library[name] = list
    next
}

FNR == 1 {
    split(FILENAME, part, "/")
    room = part[2]
    inside = 0
}

# On other lines than includes string literals are removed first: they could hold what looks like a comment.
inside || /\/\*/ || /^[ \t]*#[ \t]*include/ {
    line = $0
    if (!inside && line !~ /^[ \t]*#[ \t]*include/) gsub(/'([^'\\]|\\.)'|"([^"\\]|\\.)*"/, "", line)
    line = code(line)
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*["<]/ || !(room in may_include)) next
    split(line, quoted, /["<>]/)
    target = quoted[2]
    if (line ~ /^[^"]*</) {
        if ((target in library) && !holds(library[target], room)) {
            owners = library[target]
            gsub(/ /, " and ", owners)
            problem(FILENAME ":" FNR, "<" target "> belongs to " owners " alone")
        }
        next
    }
    if (split(target, step, "/") < 2 || step[1] == room) next
    if (!holds(may_include[room], step[1])) problem(FILENAME ":" FNR, room " may not include " step[1])
    else if (!is_public(step[1], step[2])) problem(FILENAME ":" FNR, target " is private to " step[1])
}

END {
    for (i = 2; i < ARGC; i++) {
        split(ARGV[i], part, "/")
        if (!(part[2] in may_include)) problem(ARGV[i], part[2] " is no room; see engine/rooms.txt")
    }
    exit problems
}
