"""waybill_runtime"""
