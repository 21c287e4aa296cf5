"""Parses a page."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Document(HTMLParser):
    """Elements in their order, each with its attributes; and the text between them."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(content.decode())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def tags(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]
