//! The text written so far, and where its end is.

/// Appends to a text and knows its last column.
///
/// The two flags are libyaml's, so that blanks and line breaks come out as there.
pub(super) struct Writer {
    out: String,
    /// Characters in the last line.
    column: usize,
    /// Whether what comes next needs no blank before it.
    whitespace: bool,
    /// Whether the last line has nothing but indentation, `-`, `?` and `:`.
    indentation: bool,
}

impl Writer {
    /// An empty text whose first line starts in a column.
    pub(super) fn new(column: usize) -> Self {
        Self {
            out: String::new(),
            column,
            whitespace: true,
            indentation: true,
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn column(&self) -> usize {
        self.column
    }

    pub(super) fn in_indentation(&self) -> bool {
        self.indentation
    }

    /// Goes to a column, on a new line unless the last one has nothing but indentation.
    pub(super) fn indent(&mut self, column: usize) {
        let behind = self.column > column || (self.column == column && !self.whitespace);
        if !self.indentation || behind {
            self.line_break('\n');
        }
        while self.column < column {
            self.put(' ');
        }
        self.whitespace = true;
    }

    /// `\n`, or one of the line breaks that YAML 1.1 knows besides.
    pub(super) fn line_break(&mut self, char: char) {
        self.out.push(char);
        self.column = 0;
        self.indentation = true;
    }

    /// Ends the header of a block scalar.
    pub(super) fn start_block(&mut self) {
        self.line_break('\n');
        self.whitespace = true;
    }

    /// A character of a scalar.
    pub(super) fn char(&mut self, char: char) {
        self.put(char);
        self.indentation = false;
    }

    /// A character that does not end indentation.
    pub(super) fn put(&mut self, char: char) {
        self.out.push(char);
        self.column += 1;
    }

    /// The blank before a scalar, if one is needed.
    pub(super) fn separate(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }

    /// Ends a scalar.
    pub(super) fn end_scalar(&mut self) {
        self.whitespace = false;
        self.indentation = false;
    }

    /// A whole scalar that needs no care.
    pub(super) fn plain(&mut self, text: &str) {
        self.separate();
        text.chars().for_each(|c| self.put(c));
        self.end_scalar();
    }

    /// `[]` or `{}`.
    pub(super) fn empty(&mut self, brackets: &str) {
        self.plain(brackets);
    }

    /// `-`, `?` or `:` at the start of a line.
    pub(super) fn block_indicator(&mut self, char: char) {
        self.separate();
        self.put(char);
        self.whitespace = false;
    }

    /// `:` directly behind a key.
    pub(super) fn colon(&mut self) {
        self.put(':');
        self.end_scalar();
    }
}
