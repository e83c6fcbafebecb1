"""Three blank forms as CAs might hand them out, each laid out differently; none of them is a real CA's form.

What openpyxl cannot write (shapes, form controls) is put into the package as Excel would write it.
"""

import io
import re
import zipfile
from xml.sax.saxutils import escape

import openpyxl
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from PIL import Image as Picture

LINE = Side(style="thin")
FRAME = Border(LINE, LINE, LINE, LINE)
FONT = "IPAexGothic"


def labels_left() -> bytes:
    """発行: group, label, value from the left; a comment, a conditional format, a formula, a day with a date format."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "発行申請書"
    _widths(sheet, {"A": 16, "B": 26, "C": 30, "D": 14})
    _put(sheet, "A1:D1", "コード署名用証明書 発行申請書", size=16)
    rows = [
        ("申請情報", ["申請年月日", "申請区分", "整理番号"]),
        ("利用機関", ["機関名称:", "郵便番号", "住所\n(本部所在地)", "代表電話"]),
        ("機関の長または\n機関責任者", ["役職", "氏名"]),
        ("登録担当者", ["氏 名", "所属部署", "電話番号", "メールアドレス", "連絡可能な時間"]),
        ("利用管理者\n(任意)", ["氏 名", "所属部署", "電話番号", "メールアドレス"]),
        ("主体者DN", ["国名(C)", "都道府県名(ST)", "市区町村名(L)", "組織名(O)", "一般名(CN)"]),
        ("その他", ["証明書取得用パスワード", "承認した文書"]),
    ]
    row = 3
    for group, labels in rows:
        _put(sheet, f"A{row}:A{row + len(labels) - 1}", group, fill=True)
        for label in labels:
            _put(sheet, f"B{row}", label, fill=True)
            _put(sheet, f"C{row}:D{row}", None)
            sheet.row_dimensions[row].height = 46 if label == "承認した文書" else 24
            row += 1
    sheet["C3"].number_format = 'yyyy"年"m"月"d"日"'
    sheet.unmerge_cells("C11:D11")
    _put(sheet, "D11", "印", size=13)
    sheet["B30"], sheet["C30"] = "記入した項目の数", "=COUNTA(C3:C27)"
    sheet["C6"].comment = Comment("登録どおりに記入してください。", "認証局")
    sheet.conditional_formatting.add(
        "C3:C20", CellIsRule(operator="equal", formula=['""'], fill=PatternFill("solid", bgColor="FFFFEE"))
    )
    _page(sheet, "A1:D30")
    return _saved(book)


def labels_above() -> bytes:
    """発行: labels above merged cells, broken over lines, headings over the whole width, the day in three cells, boxes to
    tick in one cell, a label with its value in the same cell, phonetic guides."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "様式第1号"
    _widths(sheet, {letter: 7.2 for letter in "ABCDEFGHIJKL"})
    _put(sheet, "A1:L1", "電子証明書(コード署名) 利用申込書", size=15)
    for area, text in {
        "A2:B2": "申込日", "C2:D2": None, "E2": "年", "F2": None, "G2": "月", "H2": None, "I2": "日", "A3:B3": "申請区分",
        "C3:L3": "□ 新規発行   □ 更新発行", "A4:L4": "1. 申請機関", "A5:F5": "機関\n名称", "G5:H5": "郵便\n番号", "I5:L5": "代表電話番号",
        "A6:F6": None, "G6:H6": None, "I6:L6": None, "A7:L7": "所 在 地\n(本部)", "A8:L8": None, "A9:L9": "2. 機関責任者",
        "A10:D10": "役 職", "E10:J10": "氏 名", "K10:L10": "公印", "A11:D11": None, "E11:J11": None, "K11:L11": "㊞",
        "A12:L12": "3. 登録担当者", "A13:D13": "氏名", "E13:H13": "所属", "I13:L13": "電話", "A14:D14": None, "E14:H14": None,
        "I14:L14": None, "A15:L15": "E-mail：", "A16:L16": "4. 利用管理者", "A17:D17": "氏名", "E17:H17": "所属",
        "I17:L17": "電話", "A18:D18": None, "E18:H18": None, "I18:L18": None, "A19:L19": "E-mail：",
        "A20:L20": "5. 証明書の記載内容", "A21:L21": "主体者DN", "A22:L22": None,
        "A23:L23": "ZIPファイルの\nパスワード", "A24:L24": None, "A25:L25": "□ 証明書ポリシ等の文書の内容を承認します",
    }.items():  # fmt: skip
        _put(sheet, area, text, fill=text is not None and len(area) > 3 and "□" not in text and "：" not in text)
    for row in (5, 7, 23):
        sheet.row_dimensions[row].height = 30
    _page(sheet, "A1:L25")
    return _as_excel_saves(_saved(book))


def two_sheets() -> bytes:
    """失効: the certificate on a second sheet; a form control, a picture, a shape with text, a list to choose from, a
    print area, header and footer, a protected sheet; no 印 in any cell."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = "失効申請書"
    second = book.create_sheet("証明書情報")
    _widths(first, {"A": 22, "B": 50})
    _widths(second, {"A": 34, "B": 40})
    for row, (label, value) in enumerate(
        [
            ("失効申請書", None), ("提出日", None), ("機関名", None), ("機関の住所", None), ("代表電話番号", None),
            ("機関責任者の役職", None), ("機関責任者の氏名", None), ("登録担当者の氏名", None), ("登録担当者のE-mail", None),
            ("登録担当者の電話番号", None), ("利用管理者の氏名", None), ("利用管理者のE-mail", None), ("備考", None),
        ], 1
    ):  # fmt: skip
        _put(first, f"A{row}", label, fill=row > 1)
        _put(first, f"B{row}", value)
        first.row_dimensions[row].height = 26
    first.row_dimensions[13].height = 60
    reasons = {3: "□ 秘密鍵の危殆化", 4: "□ 記載事項の変更", 5: "□ 置き換え", 6: "□ 利用の終了", 7: "□ その他"}
    for row, text in {1: "失効対象の証明書", 2: "シリアル番号"}.items():
        _put(second, f"A{row}", text, fill=True)
    _put(second, "B2", None)
    for row, text in reasons.items():
        _put(second, f"A{row}", "失効の理由" if row == 3 else None, fill=True)
        _put(second, f"B{row}", text)
    for row, text in {8: "主体者DN", 9: "有効期間", 10: "危殆化の日時", 11: "緊急度"}.items():
        _put(second, f"A{row}", text, fill=True)
        _put(second, f"B{row}", "□緊急" if row == 11 else None)
        second.row_dimensions[row].height = 40
    choice = DataValidation(type="list", formula1='"東京,大阪"', allow_blank=True)
    choice.add("B20")
    first.add_data_validation(choice)
    first.oddHeader.center.text, first.oddFooter.right.text = "様式第2号", "&P / &N"
    first.protection.sheet = True
    picture = io.BytesIO()
    Picture.new("RGB", (60, 30), "#336699").save(picture, "PNG")
    first.add_image(Image(picture), "B16")
    _page(first, "A1:B20")
    _page(second, "A1:B12")
    return _as_excel_saves(_with_shape_and_control(_saved(book)))


def persons_in_rows() -> bytes:
    """発行: a sheet of instructions before it and an example behind it, both with the same words; the day without a label,
    〒 in a cell of its own, a row for each person and a column for each item, 資格・氏名 in one cell, C= before each value."""
    book = openpyxl.Workbook()
    guide = book.active
    guide.title = "記入要領"
    for row, text in enumerate(("利用機関名", "住所", "E-mail", "パスワード(証明書取得時用)"), 1):
        guide[f"A{row}"] = text
    sheet, example = book.create_sheet("申請書"), book.create_sheet("記入例")
    example["A1"], example["B1"] = "利用機関名", "見本記入例大学"
    _widths(sheet, {letter: 15 for letter in "ABCDE"})
    for area, text in {
        "A1:E1": "発行申請書", "D2:E2": "令和　　年　　月　　日", "A3": "利用機関名\n(正式名称)", "B3:E3": None, "A4:A5": "住所", "B4": "〒",
        "C4:E4": None, "B5:E5": None, "A6": "代表電話番号", "B6:E6": None, "A7": "代表者または機関責任者の\n資格・氏名", "B7:D7": None,
        "E7": "印", "A8": None, "B8": "氏名", "C8": "所属", "D8": "電話番号", "E8": "E-mail", "A9": "登録担当者", "B9": None, "C9": None,
        "D9": None, "E9": None, "A10": "利用管理者", "B10": None, "C10": None, "D10": None, "E10": None,
        "A11:A15": "証明書の\n主体者DN", "B11": "C=", "C11:E11": None, "B12": "ST=", "C12:E12": None, "B13": "L=", "C13:E13": None,
        "B14": "O=", "C14:E14": None, "B15": "CN=", "C15:E15": None, "A16": "証明書取得用\nパスワード", "B16:E16": None,
    }.items():  # fmt: skip
        _put(sheet, area, text, size=8, fill=text is not None)
    for row in (3, 7, 9, 10, 11, 16):
        sheet.row_dimensions[row].height = 36
    _page(sheet, "A1:E16")
    return _saved(book)


def _widths(sheet, widths):
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = width


def _put(sheet, area, text, size=10, fill=False):
    first = area.split(":")[0]
    if ":" in area:
        sheet.merge_cells(area)
    for row in sheet[area] if ":" in area else [[sheet[first]]]:
        for cell in row:
            cell.border = FRAME
    sheet[first].value, sheet[first].font = text, Font(FONT, size)
    sheet[first].alignment = Alignment(wrap_text=True, vertical="center")
    if fill:
        sheet[first].fill = PatternFill("solid", fgColor="E8EEF4")


def _page(sheet, area):
    sheet.print_area = area
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)


def _saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def edited(xlsx: bytes, change, more=()) -> bytes:
    """The package with `change(name, data)` over every part and `more` {name: data} behind them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
        for name, data in dict(more).items():
            after.writestr(name, data)
    return out.getvalue()


def _as_excel_saves(xlsx):
    """The texts of the cells in one table of strings, with the phonetic guides that Excel keeps from typing."""
    strings = []

    def change(name, data):
        if name == "xl/_rels/workbook.xml.rels":
            more = f'<Relationship Id="rIdS" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
            return data.replace(b"</Relationships>", more.encode() + b"</Relationships>")
        if name == "[Content_Types].xml":
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
            more = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/>'
            return data.replace(b"</Types>", more.encode() + b"</Types>")
        return _shared(data, strings) if name.startswith("xl/worksheets/sheet") else data

    made = edited(xlsx, change)
    guide = '<rPh sb="0" eb="2"><t>ユウビン</t></rPh>'
    items = "".join(f"<si><t xml:space='preserve'>{escape(text)}</t>{guide}</si>" for text in strings)
    table = f'<sst xmlns="{_MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{items}</sst>'
    return edited(made, lambda _, data: data, {"xl/sharedStrings.xml": table.encode()})


def _shared(sheet, strings):
    root = etree.fromstring(sheet)
    for c in root.iter(f"{{{_MAIN}}}c"):
        if c.get("t") == "inlineStr":
            strings.append("".join(c.itertext()))
            etree.strip_elements(c, "*")
            c.set("t", "s")
            etree.SubElement(c, f"{{{_MAIN}}}v").text = str(len(strings) - 1)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


_SHAPE = """<xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:colOff>2200000</xdr:colOff><xdr:row>14</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>
<xdr:to><xdr:col>2</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>18</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:to>
<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="9" name="注意書き"/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr><a:xfrm xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:off x="0" y="0"/><a:ext cx="1000000" cy="400000"/></a:xfrm>
<a:prstGeom xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" prst="roundRect"><a:avLst/></a:prstGeom></xdr:spPr>
<xdr:txBody><a:bodyPr xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"/><a:p xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:r><a:t>公印をここに</a:t></a:r></a:p></xdr:txBody></xdr:sp><xdr:clientData/></xdr:twoCellAnchor>"""
_CONTROL = """<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" Requires="x14"><controls><mc:AlternateContent><mc:Choice Requires="x14"><control shapeId="1025" r:id="rIdControl" name="Check Box 1" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><controlPr defaultSize="0" autoFill="0" autoLine="0" autoPict="0"><anchor moveWithCells="1"><from><xdr:col xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:col><xdr:colOff xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:colOff><xdr:row xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">18</xdr:row><xdr:rowOff xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:rowOff></from><to><xdr:col xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">1</xdr:col><xdr:colOff xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:colOff><xdr:row xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">19</xdr:row><xdr:rowOff xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:rowOff></to></anchor></controlPr></control></mc:Choice></mc:AlternateContent></controls></mc:Choice></mc:AlternateContent>"""
_PROPERTIES = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<formControlPr xmlns="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" objectType="CheckBox" lockText="1"/>"""
_VML = """<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><v:shapetype id="_x0000_t201" coordsize="21600,21600" o:spt="201" path="m,l,21600r21600,l21600,xe"/><v:shape id="_x0000_s1025" type="#_x0000_t201" style="position:absolute;width:120pt;height:20pt" filled="f" stroked="f"><v:textbox><div>同意する</div></v:textbox><x:ClientData ObjectType="Checkbox"><x:Anchor>0, 0, 18, 0, 1, 0, 19, 0</x:Anchor></x:ClientData></v:shape></xml>"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _with_shape_and_control(xlsx):
    def change(name, data):
        text = data.decode("utf-8", "surrogateescape")
        if name == "xl/drawings/drawing1.xml":
            return re.sub("</(xdr:)?wsDr>", lambda m: _prefixed(text) + m[0], text).encode()
        if name == "xl/worksheets/sheet1.xml":
            legacy = f'<legacyDrawing xmlns:r="{_REL}" r:id="rIdVml"/>'
            return text.replace("</worksheet>", f"{legacy}{_CONTROL}</worksheet>").encode()
        if name == "xl/worksheets/_rels/sheet1.xml.rels":
            more = f'<Relationship Id="rIdControl" Type="{_REL}/ctrlProp" Target="../ctrlProps/ctrlProp1.xml"/>'
            more += f'<Relationship Id="rIdVml" Type="{_REL}/vmlDrawing" Target="../drawings/vmlDrawing1.vml"/>'
            return text.replace("</Relationships>", f"{more}</Relationships>").encode()
        if name == "[Content_Types].xml":
            more = '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
            more += '<Override PartName="/xl/ctrlProps/ctrlProp1.xml" ContentType="application/vnd.ms-excel.controlproperties+xml"/>'
            return text.replace("</Types>", f"{more}</Types>").encode()
        return data

    return edited(
        xlsx, change, {"xl/ctrlProps/ctrlProp1.xml": _PROPERTIES, "xl/drawings/vmlDrawing1.vml": _VML.encode()}
    )


def _prefixed(drawing):
    """The shape in the words of the drawing that openpyxl wrote, which has no prefix for its own namespace."""
    space = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
    return _SHAPE.replace("<xdr:twoCellAnchor>", f'<xdr:twoCellAnchor xmlns:xdr="{space}">')
