-- The words of titles, headings and terms, and what is left of each when one or two letters are taken away: by these a
-- word with wrong letters finds the right one. Derived from content, as the rest of the search.
CREATE TABLE content_word (
    word TEXT NOT NULL PRIMARY KEY,
    uses INTEGER NOT NULL
) STRICT;
CREATE TABLE content_word_piece (
    piece TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (piece, word)
) STRICT;
