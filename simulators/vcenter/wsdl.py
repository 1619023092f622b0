"""Write the WSDL of the vSphere Web Services API from the type tables that pyVmomi carries.

A real vCenter serves this file at /sdk/vimService.wsdl and oslo.vmware, hence Nova, cannot connect without
it. It may not be redistributed; pyVmomi (Apache-2.0) knows the same types, so it is made from there.

Left out: the vSAN, SPBM, SMS, EAM and VSLM services, which have namespaces of their own, and every
property or method of vim25 that needs one of their types.

    python wsdl.py OUT
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from pyVmomi import VmomiSupport

NAMESPACES = {
    "xmlns": "http://schemas.xmlsoap.org/wsdl/",
    "xmlns:service": "urn:vim25Service",
    "xmlns:soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xmlns:vim25": "urn:vim25",
    "xmlns:xsd": "http://www.w3.org/2001/XMLSchema",
}
Part = tuple[str, str | None, bool]  # a property or parameter: its name, XML type, whether it may be missing
Row = tuple[Any, ...]  # a row of pyVmomi's tables: names, types, versions and flags, mixed

XSD_NAMED_ALIKE = ("string", "int", "long", "boolean", "short", "byte", "double", "float", "anyType")
REFERENCE = "vim25:ManagedObjectReference"
FAULT = "vim25:LocalizedMethodFault"
BUILT_IN = {
    **{name: f"xsd:{name}" for name in XSD_NAMED_ALIKE},
    "binary": "xsd:base64Binary",
    "type": "xsd:string",
    "vmodl.Any": "xsd:anyType",
    "vmodl.Binary": "xsd:base64Binary",
    "vmodl.DateTime": "xsd:dateTime",
    "vmodl.ManagedObject": REFERENCE,
    "vmodl.MethodName": "xsd:string",
    "vmodl.PropertyPath": "xsd:string",
    "vmodl.TypeName": "xsd:string",
    "vmodl.URI": "xsd:anyURI",
    # A fault never travels bare: where pyVmomi says "a fault", the wire has it in an envelope.
    "vmodl.MethodFault": FAULT,
    "vmodl.RuntimeFault": FAULT,
}
# The two that differ on the wire from what pyVmomi shows: their parent and their properties.
DIFFERENT_ON_WIRE: dict[str, tuple[str | None, list[Part]]] = {
    "vmodl.MethodFault": (
        None,
        [("faultCause", FAULT, True), ("faultMessage", "vim25:LocalizableMessage[]", True)],
    ),
    "vmodl.LocalizedMethodFault": (
        "vim25:DynamicData",
        [("fault", "vim25:MethodFault", False), ("localizedMessage", "xsd:string", True)],
    ),
}
NOT_ON_WIRE = ("DataObject", "vmodl.DynamicArray")


def _in_vim(version: str) -> bool:
    return bool(VmomiSupport.GetWsdlNamespace(version) == "urn:vim25")


@dataclass
class Tables:
    """The vim25 rows of pyVmomi's tables, by vmodl name.

    The tables are private, but the only form in which pyVmomi has every type without loading it.
    """

    data: dict[str, Row] = field(
        default_factory=lambda: {
            name: tuple(row)
            for name, row in VmomiSupport._dataDefMap.items()  # noqa: SLF001 - see above
            if _in_vim(row[3]) and name not in NOT_ON_WIRE
        }
    )
    enums: dict[str, Row] = field(
        default_factory=lambda: {
            name: tuple(row)
            for name, row in VmomiSupport._enumDefMap.items()  # noqa: SLF001 - see above
            if _in_vim(row[2])
        }
    )
    managed: dict[str, Row] = field(
        default_factory=lambda: {
            name: tuple(row)
            for name, row in VmomiSupport._managedDefMap.items()  # noqa: SLF001 - see above
            if _in_vim(row[3])
        }
    )

    def wire_type(self, vmodl: str) -> str | None:
        """Give the XML type, "[]" kept, or None for a type of another service."""
        name, array = vmodl.removesuffix("[]"), "[]" if vmodl.endswith("[]") else ""
        if name in BUILT_IN:
            return BUILT_IN[name] + array
        for table in (self.data, self.enums):
            if name in table:
                return f"vim25:{table[name][1]}{array}"
        return REFERENCE + array if name in self.managed else None

    def parts(self, rows: Iterable[Row] | None) -> list[Part]:
        """Give properties or parameters as (name, XML type, optional)."""
        return [
            (row[0], self.wire_type(row[1]), bool(row[3] & VmomiSupport.F_OPTIONAL)) for row in rows or ()
        ]

    def methods(
        self,
    ) -> Iterator[tuple[str, list[Part], list[Part]]]:
        """Give (wire name, parameters, zero or one result) of each method, once."""
        seen = set()
        for row in self.managed.values():
            for _, wire, version, parameters, (flags, result, *_), *_ in row[5] or ():
                if wire in seen or not _in_vim(version):
                    continue
                seen.add(wire)
                optional = bool(flags & VmomiSupport.F_OPTIONAL)
                returned = [] if result == "void" else [("returnval", self.wire_type(result), optional)]
                taken = self.parts(parameters)
                if all(kind for _, kind, _ in taken + returned):
                    yield wire, taken, returned


def _elements(sequence: ET.Element, parts: Iterable[Part]) -> None:
    for name, kind, optional in parts:
        if kind is None:
            continue
        attributes = {"name": name, "type": kind.removesuffix("[]")}
        if optional:
            attributes["minOccurs"] = "0"
        if kind.endswith("[]"):
            attributes["maxOccurs"] = "unbounded"
        ET.SubElement(sequence, "xsd:element", attributes)


def _complex_type(schema: ET.Element, name: str | None, base: str | None) -> ET.Element:
    """Add a complex type and return its sequence."""
    kind = ET.SubElement(schema, "xsd:complexType", {"name": name} if name else {})
    if base:
        content = ET.SubElement(kind, "xsd:complexContent")
        kind = ET.SubElement(content, "xsd:extension", {"base": base})
    return ET.SubElement(kind, "xsd:sequence")


def _array_type(schema: ET.Element, name: str, kind: str) -> None:
    sequence = _complex_type(schema, f"ArrayOf{name[0].upper()}{name[1:]}", None)
    _elements(sequence, [(name, f"{kind}[]", True)])


def _reference_type(schema: ET.Element) -> None:
    kind = ET.SubElement(schema, "xsd:complexType", {"name": "ManagedObjectReference"})
    content = ET.SubElement(kind, "xsd:simpleContent")
    extension = ET.SubElement(content, "xsd:extension", {"base": "xsd:string"})
    ET.SubElement(extension, "xsd:attribute", {"name": "type", "type": "xsd:string"})


def _data_types(schema: ET.Element, tables: Tables) -> None:
    for vmodl, (_, name, parent, _, properties) in tables.data.items():
        base, parts = tables.wire_type(parent) if parent else None, tables.parts(properties)
        if base == FAULT:  # a fault's parent is a fault, not its envelope
            base = f"vim25:{tables.data[parent][1]}"
        if vmodl in DIFFERENT_ON_WIRE:
            base, parts = DIFFERENT_ON_WIRE[vmodl]
        _elements(_complex_type(schema, name, base), parts)
        _array_type(schema, name, f"vim25:{name}")


def _enum_types(schema: ET.Element, tables: Tables) -> None:
    for _, name, _, values in tables.enums.values():
        simple = ET.SubElement(schema, "xsd:simpleType", {"name": name})
        restriction = ET.SubElement(simple, "xsd:restriction", {"base": "xsd:string"})
        for value in values or ():
            ET.SubElement(restriction, "xsd:enumeration", {"value": value})
        _array_type(schema, name, f"vim25:{name}")


def _message_types(schema: ET.Element, tables: Tables) -> list[str]:
    names = []
    for name, parameters, result in tables.methods():
        request = f"{name}RequestType"
        _elements(_complex_type(schema, request, None), [("_this", REFERENCE, False), *parameters])
        ET.SubElement(schema, "xsd:element", {"name": name, "type": f"vim25:{request}"})
        response = ET.SubElement(schema, "xsd:element", {"name": f"{name}Response"})
        _elements(_complex_type(response, None, None), result)
        names.append(name)
    return names


def _operations(root: ET.Element, methods: list[str]) -> None:
    for name in methods:
        for suffix, element in (("RequestMsg", name), ("ResponseMsg", f"{name}Response")):
            message = ET.SubElement(root, "message", {"name": name + suffix})
            ET.SubElement(message, "part", {"name": "parameters", "element": f"vim25:{element}"})
    port = ET.SubElement(root, "portType", {"name": "VimPortType"})
    for name in methods:
        operation = ET.SubElement(port, "operation", {"name": name})
        ET.SubElement(operation, "input", {"message": f"service:{name}RequestMsg"})
        ET.SubElement(operation, "output", {"message": f"service:{name}ResponseMsg"})


def _binding(root: ET.Element, methods: list[str]) -> None:
    binding = ET.SubElement(root, "binding", {"name": "VimBinding", "type": "service:VimPortType"})
    transport = "http://schemas.xmlsoap.org/soap/http"
    ET.SubElement(binding, "soap:binding", {"style": "document", "transport": transport})
    for name in methods:
        operation = ET.SubElement(binding, "operation", {"name": name})
        ET.SubElement(operation, "soap:operation", {"soapAction": "urn:vim25/8.0.0.0", "style": "document"})
        for direction in ("input", "output"):
            ET.SubElement(ET.SubElement(operation, direction), "soap:body", {"use": "literal"})
    service = ET.SubElement(root, "service", {"name": "VimService"})
    port = ET.SubElement(service, "port", {"binding": "service:VimBinding", "name": "VimPort"})
    ET.SubElement(port, "soap:address", {"location": "https://localhost/sdk/vimService"})


def make_wsdl() -> ET.Element:
    """Make the document: types, messages, operations and their binding to SOAP over HTTP."""
    tables = Tables()
    root = ET.Element("definitions", {"targetNamespace": NAMESPACES["xmlns:service"], **NAMESPACES})
    schema = ET.SubElement(
        ET.SubElement(root, "types"),
        "xsd:schema",
        {"targetNamespace": NAMESPACES["xmlns:vim25"], "elementFormDefault": "qualified"},
    )
    _reference_type(schema)
    _array_type(schema, "ManagedObjectReference", REFERENCE)
    for name in XSD_NAMED_ALIKE:
        _array_type(schema, name, f"xsd:{name}")
    _data_types(schema, tables)
    _enum_types(schema, tables)
    methods = _message_types(schema, tables)
    _operations(root, methods)
    _binding(root, methods)
    return root


def main() -> None:
    """Write the WSDL to the file named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python wsdl.py OUT")
    ET.ElementTree(make_wsdl()).write(Path(sys.argv[1]), encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    main()
