# SPDX-License-Identifier: MIT
include $(sort $(wildcard $(BR2_EXTERNAL_MYCTR_PATH)/package/*/*.mk))
