"""The map: countries found by their ISO code, over the outlines that Grafana itself brings.

The base map has no tiles from anywhere: opening a dashboard tells no third party who looks.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import geomap
from grafana_foundation_sdk.builders.common import FrameGeometrySource, MapLayerOptions
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.common import FrameGeometrySourceMode
from grafana_foundation_sdk.models.dashboard import FieldColorModeId
from grafana_foundation_sdk.models.geomap import TooltipMode

from deploy.grafana.panels import Shown, framed, rows

GAZETTEER = "public/gazetteer/countries.json"
MARKER = {
    "color": {"field": "Value", "fixed": "#7b8794"},
    "opacity": 0.85,
    "size": {"fixed": 12, "min": 4, "max": 20},
    "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
    "text": {"mode": "field", "field": "country", "fixed": ""},
    "textConfig": {
        "fontSize": 11,
        "offsetX": 0,
        "offsetY": 16,
        "textAlign": "center",
        "textBaseline": "middle",
    },
}
OUTLINE = {"color": {"fixed": "#7b8794"}, "opacity": 0.12, "lineWidth": 1}


def world(shown: Shown) -> geomap.Panel:
    """One marker for each country of an instant query, coloured by the mappings of its value."""
    panel = framed(geomap.Panel(), shown, rows(shown))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel.basemap(
        MapLayerOptions().type("geojson").name("Outlines").config({"style": OUTLINE, "rules": []})
    )
    panel.layers([_markers()])
    panel.view(
        geomap.MapViewConfig().id("zero").lat(20).lon(10).zoom(1).all_layers(all_layers=True)
    )
    panel.controls(
        geomap.ControlsOptions().show_zoom(show_zoom=True).mouse_wheel_zoom(mouse_wheel_zoom=False)
    )
    return panel.tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))


def _markers() -> MapLayerOptions:
    place = FrameGeometrySource().mode(FrameGeometrySourceMode.LOOKUP)
    place.lookup("country").gazetteer(GAZETTEER)
    layer = MapLayerOptions().type("markers").name("Verdicts").location(place)
    return layer.config({"style": MARKER, "showLegend": False}).tooltip(tooltip=True)
