"""Which attributes of a MonitoringEventSubscription belong to which feature and type of monitoring, and which are offered at all.

TS 29.122, table 5.3.2.1.2-1 with its notes, and table 5.3.4-1. Numbers of features are partly from memory of the specification.
"""

from __future__ import annotations

LOCATION, LOSS, REACHABILITY = "LOCATION_REPORTING", "LOSS_OF_CONNECTIVITY", "UE_REACHABILITY"
TYPES = (LOCATION, LOSS, REACHABILITY)

LOSS_FEATURE, REACHABILITY_FEATURE, LOCATION_FEATURE = 1 << 0, 1 << 1, 1 << 2
TEST_EVENT, MODIFICATION, LCS, PARTIAL_GROUPS = 1 << 9, 1 << 10, 1 << 17, 1 << 19
SUPPORTED = (
    LOSS_FEATURE | REACHABILITY_FEATURE | LOCATION_FEATURE | TEST_EVENT | MODIFICATION | LCS | PARTIAL_GROUPS
)
"""Features 1 to 3, 10, 11, 18 (eLCS) and 20."""
FEATURE_OF = {LOSS: LOSS_FEATURE, REACHABILITY: REACHABILITY_FEATURE, LOCATION: LOCATION_FEATURE}

UE = (
    "msisdn", "externalId", "externalGroupId", "ipv4Addr", "ueIpAddr", "ipv6Addr", "ueMacAddr",
)  # fmt: skip
"""Exactly one of them says whom a subscription is about."""
GROUP_CHANGES = ("addedExternalIds", "addedMsisdns", "excludedExternalIds", "excludedMsisdns")
"""All that a JSON patch may touch."""
FIXED = (*UE, "monitoringType", "dnn", "snssai", "mtcProviderId", "afServiceId")

OF_TYPE = {
    LOCATION: (
        "locationType", "accuracy", "minimumReportInterval", "repPeriod", "linearDistance", "locQoS", "ldrType",
        "maxAgeOfLocEst", "supportedGADShapes", "reportingLocEstInd",
    ),
    LOSS: ("maximumDetectionTime",),
    REACHABILITY: ("reachabilityType",),
}  # fmt: skip
LCS_ONLY = (
    "linearDistance", "locQoS", "ldrType", "maxAgeOfLocEst", "supportedGADShapes", "reportingLocEstInd", "maxRptExpireIntvl",
    "samplingInterval", "svcId", "velocityRequested", "locTimeWindow", "codeWord",
)  # fmt: skip
"""Left out where the feature eLCS was not agreed."""
OTHER_FEATURES = (
    "associationType", "plmnIndication", "locationArea", "locationArea5G", "dddTraDescriptors", "dddStati", "apiNames",
    "tgtNsThreshold", "nsRepFormat", "uavPolicy", "sesEstInd", "subType", "addnMonTypes", "revocationNotifUri",
    "maximumLatency", "maximumResponseTime", "suggestedNumberOfDlPackets",
)  # fmt: skip
"""Left out where features were agreed, since those of these were not; refused where none were named."""
NOT_OFFERED = (
    "addExtGroupId", "ipv6Addr", "ueMacAddr", "maxRptExpireIntvl", "samplingInterval", "svcId", "velocityRequested",
    "locTimeWindow", "codeWord", *OTHER_FEATURES,
)  # fmt: skip
ACCURACIES = ("CGI_ECGI", "GEO_AREA", "PLMN")
CURRENT, LAST_KNOWN, EITHER = "CURRENT_LOCATION", "LAST_KNOWN_LOCATION", "CURRENT_OR_LAST_KNOWN_LOCATION"
SHAPES = ("POINT_UNCERTAINTY_CIRCLE", "POINT")
